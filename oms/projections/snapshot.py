"""Books as bytes, and books again: they go on exactly as those that were dumped.

Each projection dumps itself, with what its state does not show but its next fold asks for.  The deals that
count are dumped once, for all: everybody else names them by their rank, which is their place among them.
"""

from typing import Final

import msgspec

from oms.domain.records import DealRecord

from .books import Books
from .columns import Rows, packed

# Of what a dump holds and of what folding leaves: one more with every change of either, so that no books go
# on from what an older build made of the same events.
VERSION: Final = 9


class BadDump(ValueError):
    """Bytes that `dumped` did not make, or not in this version."""


class _Dump(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deals: msgspec.Raw
    parts: dict[str, msgspec.Raw]


def dumped(books: Books) -> bytes:
    """Everything that the books hold."""
    deals = list(books.deals)
    rank = {deal.deal: place for place, deal in enumerate(deals)}
    parts = {name: msgspec.Raw(part.dumped(rank)) for name, part in books.parts.items()}
    return msgspec.msgpack.encode(_Dump(msgspec.Raw(packed(DealRecord, deals)), parts))


def restored(dump: bytes | memoryview) -> Books:
    """The books again.  Raises BadDump."""
    books = Books()
    try:
        found = msgspec.msgpack.decode(dump, type=_Dump)
        deals = Rows(DealRecord, found.deals)
        if found.parts.keys() != books.parts.keys():
            raise BadDump(f"is of {', '.join(found.parts)}")
        for name, part in books.parts.items():
            part.restore(found.parts[name], deals)
    except (msgspec.MsgspecError, TypeError, LookupError, ValueError) as why:
        raise BadDump(str(why)) from why
    return books
