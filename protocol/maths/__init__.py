"""The figures a terminal works out for itself (docs/protocol.md 7).

Pure functions on doubles.  Nothing here reads a clock, keeps a state or raises on odd numbers: like the
official client's own arithmetic, an impossible division gives inf or nan, which then shows in the result.
"""
