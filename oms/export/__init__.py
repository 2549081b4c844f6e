"""What is recorded, as tables for other programs: spreadsheets, notebooks, data bases.

events_of, deals_of, orders_of, ticks_of     a table each, its rows made one by one
write                                        a table as CSV, JSON lines or Parquet
"""

from .formats import Format, NoParquet, write
from .tables import Chosen, Table, deals_of, events_of, orders_of, ticks_of

__all__ = [
    "Chosen",
    "Format",
    "NoParquet",
    "Table",
    "deals_of",
    "events_of",
    "orders_of",
    "ticks_of",
    "write",
]
