"""Why an order did what it did: one timeline out of a journal, with causes, latencies and evidence.

explained(folder, account, asked)    the explanation, plain values (docs/cli.md)
page(explanation)                    the same as one HTML page that needs nothing else
"""

from .explained import explained
from .page import page
from .subject import Ambiguous, NotThere

__all__ = ["Ambiguous", "NotThere", "explained", "page"]
