"""The event log: what happened, in order, on disk before anybody acts on it.

`journal` holds every trade fact and decision of one account and loses none that it acknowledged; `market`
holds ticks, books and statistics, may lose its last moments at a power failure and stops nothing when it
cannot be written; `reader` reads a journal from any process.  This package alone knows SQL, and it knows no
event class.

    read(data, account, ...)    events of a data folder, as a Python iterator
"""

from .reading import read

__all__ = ["read"]
