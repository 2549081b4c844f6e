"""Why an order did what it did: one timeline out of a journal, with causes, latencies and evidence.

explained(folder, account, asked)    the explanation, plain values (docs/cli.md)
page(explanation)                    the same as one HTML page that needs nothing else
held_against(explanation, ...)       with what the stream holds of it
"""

from .explained import explained
from .page import page
from .publication import held_against
from .subject import Ambiguous, NotThere

__all__ = ["Ambiguous", "NotThere", "explained", "held_against", "page"]
