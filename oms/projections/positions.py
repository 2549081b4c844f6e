"""Positions: made by deals alone, whenever each was heard of.

A position's place is its identifier in hedging, its symbol in netting (docs/semantics.md 4).  Stops, accrued
swap and commission are the venue's word, kept beside and laid over what deals leave: they may be told before
the deal that opens the position, or while deals that would show it open are still missing.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from msgspec.structs import astuple, replace

from oms.domain.events import (
    AccountChanged,
    Event,
    PositionAdjusted,
    PositionAdopted,
    PositionRenamed,
)
from oms.domain.observe import Standing
from oms.domain.records import AccountRecord, DealRecord, PositionRecord
from oms.domain.values import wall

from .columns import Rows
from .holding import identifier, later
from .place import FIRST, Base, Order, Place

REMEMBERED: Final = 1000  # positions not open of which the last word is kept; the oldest goes first


class _PlaceDump(msgspec.Struct, frozen=True, array_like=True, gc=False):
    deals: list[int]  # ranks
    base: Base | None
    made: PositionRecord | None
    last: Order
    touched: dict[str, str]


class _Dump(msgspec.Struct, frozen=True):
    hedging: bool
    last: Order
    places: dict[str, msgspec.Raw]  # _PlaceDump
    open: list[str]
    taken: list[str]
    told: list[PositionRecord]


_DECODER: Final = msgspec.msgpack.Decoder(_PlaceDump)


class Positions:
    """All positions of an account."""

    def __init__(self) -> None:
        self._hedging = True  # until the account says otherwise
        self._places: dict[str, Place | msgspec.Raw] = {}  # or its dump, in a snapshot
        self._deals: Rows[DealRecord] | None = None  # the deals of that snapshot
        self._open: dict[str, None] = {}  # places
        self._taken: dict[str, None] = {}  # places with a base
        self._told: dict[str, PositionRecord] = {}  # by identifier: the venue's last word, oldest first
        self._last = FIRST

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            AccountChanged: self._account,
            PositionAdjusted: self._adjusted,
            PositionAdopted: self._adopted,
            PositionRenamed: self._renamed,
        }

    def __iter__(self) -> Iterator[PositionRecord]:
        """The open positions, by when their place was opened."""
        for key in tuple(self._open):
            if (place := self._known(key)) and place.made:
                yield self._shown(place.made)

    def get(self, position: str) -> PositionRecord | None:
        """An open position by its identifier."""
        place = self._place_of(position)
        return self._shown(place.made) if place and place.made else None

    def of_symbol(self, symbol: str) -> list[PositionRecord]:
        """The open positions of a symbol; in netting at most one."""
        return [held for held in self if held.symbol == symbol]

    def made_of(self, position: str) -> Iterator[tuple[DealRecord, Decimal]]:
        """The deals that made an open position, the latest first, each with the lots that it moved."""
        place = self._place_of(position)
        return place.making() if place else iter(())

    def standing(self, record: PositionRecord) -> Standing:
        """What is known where a position belongs; in netting found by its identifier where it was renamed."""
        place = self._known(self._key_of_record(record))
        if place is None or place.made is None:
            place = self._place_of(record.position) or place
        told = self._told.get(record.position)
        if place is None:
            return Standing(told=told)
        held = self._shown(place.made) if place.made else None
        return Standing(held, told, place.touched.get(record.position, ""))

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Fills move positions; a canceled one does not."""
        key = self._key_of(after) if after is not None and after.trades else None
        if before is not None and before.trades:
            left = self._key_of(before)
            place = self._place(left)
            place.remove(before.deal)
            if left != key:
                self._settle(left, place)
        if after is not None and key is not None:
            at, place = after.place, self._place(key)
            place.insert(after, at)
            if self._last < at:
                self._last = at
            self._settle(key, place)

    def state(self) -> Any:
        """Open positions, and what was taken over.

        Not when they were touched, which says nothing of what they are, and not what was told of positions
        that are not open: that is no fact yet.
        """
        return {
            "hedging": self._hedging,
            "positions": {held.position: replace(held, updated_at=None) for held in self},
            "taken": {key: self._place(key).base for key in self._taken},
        }

    def essence(self) -> Any:
        """All of the state: only what is open is in it."""
        return self.state()

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of it: a late deal may reach any place, and what was told is compared with what comes."""
        places = {
            key: msgspec.Raw(
                msgspec.msgpack.encode(
                    _PlaceDump(
                        [rank[deal.deal] for deal in place.deals],
                        place.base,
                        place.made,
                        place.last,
                        place.touched,
                    )
                )
            )
            for key, place in self._all().items()
        }
        told = list(self._told.values())
        return msgspec.msgpack.encode(
            _Dump(self._hedging, self._last, places, list(self._open), list(self._taken), told)
        )

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self._hedging, self._last = found.hedging, found.last
        self._deals = deals
        self._places = dict(found.places)
        self._open, self._taken = dict.fromkeys(found.open), dict.fromkeys(found.taken)
        self._told = {record.position: record for record in found.told}

    # Places.

    def _key(self, symbol: str, position: str) -> str:
        return position if self._hedging else symbol

    def _key_of_record(self, record: PositionRecord) -> str:
        return self._key(record.symbol, record.position)

    def _key_of(self, deal: DealRecord) -> str:
        return identifier(deal) if self._hedging else deal.symbol

    def _known(self, key: str) -> Place | None:
        found = self._places.get(key)
        if isinstance(found, msgspec.Raw):
            found = self._places[key] = self._thawed(found)
        return found

    def _thawed(self, dump: msgspec.Raw) -> Place:
        if self._deals is None:
            raise LookupError("the dump of a place, of no snapshot")
        one = _DECODER.decode(dump)
        of_it = [self._deals[rank] for rank in one.deals]
        return Place(of_it, one.base, one.made, one.last, one.touched)

    def _all(self) -> dict[str, Place]:
        """All of them as places, of a snapshot too."""
        if self._deals is not None:
            self._deals.all()
            for key, place in self._places.items():
                if isinstance(place, msgspec.Raw):
                    self._places[key] = self._thawed(place)
            self._deals = None
        return cast(dict[str, Place], self._places)

    def _place(self, key: str) -> Place:
        place = self._known(key)
        if place is None:
            place = self._places[key] = Place()
        return place

    def _place_of(self, position: str) -> Place | None:
        """Where a position is open."""
        if self._hedging:
            return self._known(position)
        held = (self._place(key) for key in self._open)
        return next((place for place in held if place.made and place.made.position == position), None)

    def _settle(self, key: str, place: Place) -> None:
        if place.made is not None:
            self._open.setdefault(key)
        else:
            self._open.pop(key, None)
        if place.empty:
            del self._places[key]

    def _take(self, key: str, base: Base) -> None:
        place = self._place(key)
        place.take(base)
        self._taken[key] = None
        self._settle(key, place)

    # The venue's word.

    def _shown(self, made: PositionRecord) -> PositionRecord:
        """What deals leave, with what was told of it."""
        told = self._told.get(made.position)
        if told is None:
            return made
        return replace(
            told,
            ticket=made.ticket,
            symbol=made.symbol,
            side=made.side,
            volume=made.volume,
            price=made.price,
            opened_at=made.opened_at,
            updated_at=later(made.updated_at, told.updated_at),
        )

    def _tell(self, record: PositionRecord) -> None:
        self._told.pop(record.position, None)
        self._told[record.position] = record
        if len(self._told) > len(self._open) + REMEMBERED:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Words on open positions stay, behind all others: each is met once, not at every look."""
        while (place := self._place_of(oldest := next(iter(self._told)))) and place.made:
            self._told[oldest] = self._told.pop(oldest)
        del self._told[oldest]

    # Events.

    def _account(self, terms: AccountRecord) -> None:
        """Another way to keep positions is another set of places."""
        if terms.hedging == self._hedging:
            return
        self._hedging = terms.hedging
        old = list(self._all().values())
        self._places, self._open, self._taken = {}, {}, {}
        for deal in (deal for place in old for deal in place.deals):
            self.deal(None, deal)
        for base in (place.base for place in old):
            if base is not None and base.position is not None:
                self._take(self._key_of_record(base.position), base)

    def _adjusted(self, event: PositionAdjusted) -> None:
        record = PositionRecord(*astuple(event)[:-1])
        key = self._key_of_record(record)
        place = self._known(key)
        if event.repriced and place is not None and place.made is not None:
            self._take(key, Base(replace(place.made, price=record.price), place.last))
        self._tell(record)

    def _adopted(self, event: PositionAdopted) -> None:
        record = PositionRecord(*astuple(event)[:-2])
        # Deals that come to light later are in it as well, if it was touched after them.
        behind = max(self._last, (wall(record.updated_at), 0))
        self._take(self._key_of_record(record), Base(record if record.volume else None, behind))
        if record.volume:
            self._tell(record)

    def _renamed(self, event: PositionRenamed) -> None:
        key = self._key(event.before, event.position)
        place = self._known(key)
        if place is None or place.made is None:
            return
        named = replace(place.made, symbol=event.symbol)
        if not self._hedging:
            self._take(key, Base(None, place.last))
        self._take(self._key(event.symbol, event.position), Base(named, self._last))
