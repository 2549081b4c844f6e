"""The books: pure folds of an account's events, and one table that lists them.

Folding reads no clock, draws no randomness and cannot fail on a recorded event, so that a rebuild from the
journal gives what was there before, to the byte.
"""

from .books import PROJECTIONS, Books

__all__ = ["PROJECTIONS", "Books"]
