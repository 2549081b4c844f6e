"""Decisions of then, made again from what the journal says they were made on.

walk(events, books)     every decision of a journal, with the books as they were before it
facts_of(decided, ...)  all that it was made on
again(decided, ...)     the same decision by this build, or by other limits, and how it differs
"""

from .again import Again, Difference, again
from .inputs import facts_of
from .walk import Decided, walk
from .with_limits import limits_in

__all__ = ["Again", "Decided", "Difference", "again", "facts_of", "limits_in", "walk"]
