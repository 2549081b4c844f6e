"""What must be so after every run, whatever happened in it (docs/semantics.md 0 to 3, 7 to 10).

The venue's own books are the truth; the journal is read by seq, as it lies on the disk.
"""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from oms.decisions import again, walk
from oms.domain.marker import marker_in
from oms.eventlog.envelope import Recorded
from oms.eventlog.reader import Reader
from oms.eventlog.reading import events_of
from oms.projections import Books
from oms.projections.commands import Key
from oms.verify.journal import JournalCheck
from protocol.enums import OrderType, Reason
from protocol.records.trade import TRADE_REQUEST, TradeRequest
from tests.ingest.held import rebuilt, told_by_books, told_by_truth
from tests.projections.hashing import state_hash

from .clients import Sent
from .market import LOGIN, TELEPHONE
from .scheduling import run
from .world import World

PRICES = "request_prices"
CLOSING = frozenset({"deal_request", "deal_instant", "deal_market", "deal_exchange", "close_by"})
POINT = Decimal("0.00001")
# A command that made a pending order is final while it rests; what becomes of the order is told later.
RESTING = frozenset({"working", "partially_filled"})
VENUES_OWN = frozenset({Reason.SL, Reason.TP, Reason.SO})


class Found:
    """A run, to be judged and compared."""

    def __init__(self, world: World) -> None:
        """As it stands now."""
        path = world.process.folder / "main.db"
        self.rows, self.verified = list(_rows(path)), list(JournalCheck(path).findings())
        self.events = [(row.type, row.envelope().data) for row in self.rows]
        self.truth = world.venue.paper.server.venue.truth()
        self.books = world.process.books
        self.sent = world.clients.sent
        self.kinds = Counter(kind for kind, _ in self.events)
        self.statuses = Counter(one.status for one in self.books.commands)
        self.deaths = world.deaths
        self.requests = list(_trade_requests(world))
        self.intents = [data for kind, data in self.events if kind == "command.sending"]
        self.outcomes = _outcomes(self.events)
        self._journal = world.process.journal

    def __str__(self) -> str:
        return f"{len(self.rows)} events, {self.deaths} deaths, {dict(self.statuses)}"

    def judge(self) -> None:
        """What must be so at any time; raises AssertionError, as `judge_settled` does."""
        self._chain_is_whole()
        self._a_verifier_finds_nothing_wrong()
        self._books_are_what_a_rebuild_gives()
        self._decisions_come_out_the_same_again()
        self._nothing_was_sent_that_was_not_written_down_or_twice()
        self._outcomes_change_only_by_deals()
        self._positions_in_doubt_are_not_closed_again()
        self._what_was_not_found_never_comes()
        for sent in self.sent.values():
            self._replies_agree(sent)

    def judge_settled(self) -> None:
        """What must be so when all has come to rest."""
        self.judge()
        self._books_are_the_venues_truth()
        self._orders_belong_to_one_command_each()
        self._fills_are_the_venues_deals()
        assert self.books.commands.open() == []

    # The log.

    def _chain_is_whole(self) -> None:
        before = bytes(32)
        for seq, row in enumerate(self.rows, 1):
            before = sha256(before + row.body).digest()
            assert (row.seq, row.hash) == (seq, before)

    def _a_verifier_finds_nothing_wrong(self) -> None:
        """With every hash that a reconciliation or a snapshot recorded on the way."""
        assert [one.line for one in self.verified if one.weight] == []

    def _books_are_what_a_rebuild_gives(self) -> None:
        anew = rebuilt(self._journal)
        assert anew.state() == self.books.state()
        assert state_hash(anew) == self.books.state_hash()

    def _decisions_come_out_the_same_again(self) -> None:
        """From the log alone: the books before each, and what is stored with it."""
        books, unheard = Books(), []
        with closing(Reader(self._journal.path)) as reader:
            for one in walk(events_of(reader), books):
                made = again(one, books)
                if made.differences or (made.now is None and not made.kept.startswith("by the desk")):
                    unheard.append(made)
        assert not unheard, f"decided otherwise: {unheard[0]}"
        assert books.state_hash() == self.books.state_hash()

    # The venue.

    def _books_are_the_venues_truth(self) -> None:
        ours, theirs = told_by_books(self.books), told_by_truth(self.truth, LOGIN)
        for ticket, (side, volume, price, sl) in theirs["positions"].items():
            known = ours["positions"].get(ticket)  # an average price has no end: it is equal within a point
            if known is not None and abs(known[2] - price) <= POINT:
                theirs["positions"][ticket] = (side, volume, known[2], sl)
        for name, found in theirs.items():
            assert ours[name] == found, f"{name}: {ours[name]} here, {found} at the venue"

    def _nothing_was_sent_that_was_not_written_down_or_twice(self) -> None:
        written = Counter(one["action_id"] for one in self.intents)
        received = Counter(one.action_id for one in self.requests)
        assert set(written.values()) <= {1}, f"one number for two intents: {written.most_common(2)}"
        assert set(received.values()) <= {1}, f"a request came twice: {received.most_common(2)}"
        assert received.keys() <= written.keys(), f"never written down: {received - written}"
        orders = Counter(_key(one) for one in self.intents if one["action"] != PRICES)
        asked = Counter(_key(one) for one in self.intents if one["action"] == PRICES)
        assert {*orders.values(), *asked.values()} <= {1}, f"two intents: {orders.most_common(2)}"

    def _orders_belong_to_one_command_each(self) -> None:
        of_marker = {one["marker"]: _key(one) for one in self.intents if one["marker"]}
        owned: dict[Key, list[str]] = {}
        for order in self.truth["orders"]:
            ticket = str(order["trade_order"])
            marker = marker_in(order["comment"])
            owner = self.books.commands.owner(ticket)
            if marker:
                assert owner is not None, f"nobody's: {order}"
                assert owner.key == of_marker[marker], f"{order} is called {owner.key}'s"
            elif order["order_type"] == OrderType.CLOSE_BY:
                assert owner is None or owner.verb == "close_by", f"{order} is called {owner}'s"
            else:
                assert owner is None, f"{order} is called {owner.key}'s"
                ours = order["comment"] != TELEPHONE and order["type_reason"] not in VENUES_OWN
                assert not ours, f"nobody's: {order}"
            if owner is not None:
                owned.setdefault(owner.key, []).append(ticket)
                assert not order["open"] or owner.status in RESTING, f"{order} is open, {owner}"
        for key, tickets in owned.items():
            assert len(tickets) == 1, f"{key} has {tickets}"

    def _fills_are_the_venues_deals(self) -> None:
        filled: dict[str, Decimal] = {}
        for deal in self.truth["deals"]:
            ticket = str(deal["trade_order"])
            filled[ticket] = filled.get(ticket, Decimal(0)) + Decimal(deal["trade_volume"]) / 10**8
        for one in self.books.commands:
            if one.verb in ("submit", "close"):
                expected = filled.get(one.order or "", Decimal(0))
                assert (one.filled or 0) == expected, f"{one} against {expected} at the venue"
                assert one.status != "filled" or expected

    # Commands.

    def _outcomes_change_only_by_deals(self) -> None:
        """A final outcome stands, unless a deal overturns it, which is an anomaly then.

        A rejection always stands: no refusal here is a lie, no dealer slower than the resolver.
        """
        for key, outcomes in self.outcomes.items():
            for one, other in pairwise(outcomes):
                changed = one["final"] and (one["status"], one["filled"]) != (
                    other["status"],
                    other["filled"],
                )
                overturned = other["anomaly"] and one["status"] != "rejected"
                fine = not changed or one["status"] in RESTING or overturned
                assert fine, f"{key}: {one} became {other}"

    def _what_was_not_found_never_comes(self) -> None:
        """No dealer here is slower than the last look: what was rejected for it stays so."""
        missed = {_key(data) for kind, data in self.events if kind == "command.settled" and _missed(data)}
        for key in missed:
            found = self.books.commands.get(*key)
            assert found is not None
            assert found.status == "rejected", f"{found} had not been found"

    def _positions_in_doubt_are_not_closed_again(self) -> None:
        """docs/semantics.md 8: the second close is denied `outcome_pending`."""
        closing: dict[Key, set[str]] = {}
        for kind, data in self.events:
            if kind == "command.sending" and data["action"] in CLOSING and data["position"]:
                positions = {data["position"], data["position_by"]} - {None}
                others = set().union(*closing.values())
                assert not positions & others, f"{_key(data)} closes {positions}, as {closing} may have"
                closing[_key(data)] = positions
            elif kind == "command.denied" or (kind == "command.outcome" and data["final"]):
                closing.pop(_key(data), None)

    def _replies_agree(self, sent: Sent) -> None:
        """The same outcome to whoever asks, as long as nothing overturns it."""
        finals = [one for one in sent.replies if one["final"] and one["times"]]
        for one, other in pairwise(finals):
            stands = one["status"] == other["status"] and one["order"] == other["order"]
            overturned = self._overturned(sent.key)
            assert stands or one["status"] in RESTING or overturned, f"{one} became {other}"

    def _overturned(self, key: Key) -> bool:
        return any(one["anomaly"] for one in self.outcomes.get(key, []))


def _missed(settled: Any) -> bool:
    return bool(settled["verdict"] == "not_found" and settled["evidence"] == "two_scans")


def _rows(path: Path) -> Iterator[Recorded]:
    reader = Reader(path)
    try:
        yield from reader.read()
    finally:
        reader.close()


def _trade_requests(world: World) -> Iterator[TradeRequest]:
    """What the venue received of ours."""
    for one in world.venue.server.keeping.requests:
        if one["command"] == 12:
            yield TRADE_REQUEST.load(bytes.fromhex(one["hex"]))


def _outcomes(events: list[tuple[str, Any]]) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = {}
    for kind, data in events:
        if kind == "command.outcome":
            found.setdefault(_key(data), []).append(data)
    return found


def _key(data: Any) -> Key:
    return data["client"], data["command"]


def simulated(seed: int, folder: Path, *, record: bool = False) -> Found:
    """A run, not judged yet; raises Unsettled, maybe in a group."""
    found: list[Found] = []
    run(seed, World(seed, folder, settled=lambda world: found.append(Found(world)), record=record).run)
    return found[0]


def judged(seed: int) -> Found:
    """A run that was what it must be; raises AssertionError, maybe in a group."""
    with TemporaryDirectory(prefix="simulation-") as folder:
        found = simulated(seed, Path(folder))
        found.judge_settled()
        return found


def written(seed: int) -> tuple[bytes, bytes]:
    """All that a run leaves: the bytes of its journal's events, and its messages as the venue had them."""
    with TemporaryDirectory(prefix="simulation-") as folder:
        found = simulated(seed, Path(folder), record=True)
        frames = b"".join(path.read_bytes() for path in sorted(Path(folder).glob("frames*")))
        return b"\n".join(row.body for row in found.rows), frames


def digests(seed: int) -> tuple[str, str]:
    """Of both."""
    journal, frames = map(sha256, written(seed))
    return journal.hexdigest(), frames.hexdigest()


def told(why: BaseException) -> str:
    """The first thing that went wrong, and where."""
    while isinstance(why, BaseExceptionGroup):
        why = why.exceptions[0]
    return "".join(traceback.format_exception(why)[-2:])
