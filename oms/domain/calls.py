"""What is asked of a venue, by the classes that have a breaker each (docs/design.md 8).

A close is never kept from its venue by what fails for others: opening, changing and closing are apart by what
a command needs of the account, and asking for prices, which orders nothing, is apart from all of them.
"""

from typing import Final, Literal, get_args

# opening: orders that add risk; changing: other prices and stops of what is there; closing: what only takes
# risk away; prices: asking for them, in request execution; data: specifications and candles that queries want
CallClass = Literal["opening", "changing", "closing", "prices", "data"]
OPENING: Final[CallClass] = "opening"
CHANGING: Final[CallClass] = "changing"
CLOSING: Final[CallClass] = "closing"
PRICES: Final[CallClass] = "prices"
DATA: Final[CallClass] = "data"
CALL_CLASSES: Final[tuple[CallClass, ...]] = get_args(CallClass)
