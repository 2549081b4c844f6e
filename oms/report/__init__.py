"""What was booked in some days of an account: as a page for people, as a table for programs.

gathered(view, first, last)     the statement, each booking with what then stood in the books, the curve
page(report)                    as one HTML page
sheet(report)                   as CSV
unfinished(report)              why it may not be the last word, where it is not `whole`
"""

from .gathered import Report, gathered
from .page import page, unfinished
from .sheet import sheet

__all__ = ["Report", "gathered", "page", "sheet", "unfinished"]
