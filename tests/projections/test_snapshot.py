"""Books that were dumped and restored go on exactly as the others (docs/semantics.md 10, TC-L3)."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from oms.domain.events import (
    AccountOpened,
    AccountState,
    AliveArmed,
    AliveMissed,
    BalanceReported,
    ClientState,
    CommandReceived,
    CommandSending,
    EquityMark,
    Event,
    LedgerCorrected,
    LedgerDifference,
    LedgerOpened,
    PositionAdopted,
    PositionRenamed,
    RiskBreached,
    RiskLimits,
    SymbolChanged,
)
from oms.domain.events.command import JudgedRisk
from oms.domain.observations import (
    AccountSeen,
    DealSeen,
    How,
    MoneySeen,
    Observation,
    OpenOrderSeen,
    PastOrderSeen,
    PositionSeen,
    SymbolSeen,
)
from oms.domain.observe import observe
from oms.domain.records import AccountRecord, DealRecord, OrderRecord, PositionRecord, SymbolRecord
from oms.projections import PROJECTIONS, Books
from oms.projections.positions import REMEMBERED
from oms.projections.snapshot import VERSION, BadDump, dumped, restored
from tests.domain.event_values import EVENTS, PLAIN, values
from tests.paper.venue_scene import HEDGE, NET

from .hashing import state_hash
from .journal import HEDGING, NETTING, D, Journal, deal, money_deal, opened, order, past
from .test_positions import N1
from .test_windows import EVERYTHING, Step, World, flat, scripts, shuffled, started

HOWS = st.sampled_from(How)
POSITIONS = values(PositionRecord).map(lambda record: replace(record, digits=5))
MONEY = st.none() | PLAIN[D]
SEEN: st.SearchStrategy[Observation] = st.one_of(
    st.builds(OpenOrderSeen, values(OrderRecord), HOWS),
    st.builds(PastOrderSeen, values(OrderRecord), HOWS),
    st.builds(DealSeen, values(DealRecord), HOWS),
    st.builds(PositionSeen, POSITIONS, HOWS),
    st.builds(AccountSeen, values(AccountRecord)),
    st.builds(MoneySeen, MONEY, MONEY, st.just("push")),
    st.builds(SymbolSeen, values(SymbolRecord)),
)

# What a version's dump of `script` is.  Where it differs, a snapshot of before means something else now:
# raise VERSION, and put the new digest here instead.
DIGESTS = {9: "026691980231dd932269de1093995e326f27efe21f6c233bd17e2422fec99c8b"}


def again(books: Books) -> Books:
    """Dumped and restored; what the dump does not hold is gone."""
    return restored(dumped(books))


def assert_alike(one: Books, other: Books) -> None:
    assert one.state() == other.state()
    assert one.state_hash() == other.state_hash() == state_hash(one)
    assert dumped(one) == dumped(other)  # also in what the state does not show


@pytest.mark.slow
@settings(deadline=None)
@given(before=st.lists(EVENTS, max_size=12), behind=st.lists(EVENTS | SEEN, max_size=8))
def test_tc_l3_restored_books_go_on_as_the_others(
    before: list[Event], behind: list[Event | Observation]
) -> None:
    books = Books()
    books.fold_all(before)
    copy = again(books)
    assert_alike(copy, books)
    for one in behind:
        news = observe(books, one) if isinstance(one, Observation) else [one]
        if isinstance(one, Observation):
            assert observe(copy, one) == news
        books.fold_all(news)
        copy.fold_all(news)
        assert_alike(copy, books)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(before=scripts(EVERYTHING), during=scripts(EVERYTHING), seed=st.integers(0, 2**32))
def test_restored_books_hear_of_a_window_as_the_others(
    before: list[tuple[Step, int, int]], during: list[tuple[Step, int, int]], seed: int
) -> None:
    world = World()
    for step, login, drawn in before:
        world.go(step, login, drawn)
    journals = {login: started(world, login) for login in (HEDGE, NET)}
    for step, login, drawn in during:
        world.go(step, login, drawn)
    for login, journal in journals.items():
        window = flat(shuffled(world.window(login), seed))
        copy = Journal()
        for seen in [*window, *world.snapshot(login)]:
            copy.books = again(journal.books)
            assert copy.see(seen) == journal.see(seen)
            assert_alike(copy.books, journal.books)


def continued(journal: Journal) -> Journal:
    """The journal with books that were restored."""
    journal.books = again(journal.books)
    return journal


def test_a_deal_and_an_order_taken_back_stay_out() -> None:
    journal = Journal(NETTING)
    first, gone = N1[0], order(7, "filled", "1.00", "0.00")
    journal.see(first, DealSeen(first.record, How.REMOVED), past(gone), past(gone, How.REMOVED))
    assert continued(journal).see(first, past(gone), opened(gone)) == []


def test_what_was_told_before_its_deal_counts_when_the_deal_comes() -> None:
    journal = Journal(HEDGING)
    told = PositionRecord(
        "11",
        ticket="11",
        symbol="EURUSD",
        side="buy",
        volume=D("0.10"),
        price=D("1.1"),
        sl=D("1.05"),
        digits=5,
    )
    journal.see(PositionSeen(told, How.ADDED))
    assert continued(journal).see(N1[0], PositionSeen(told, How.ADDED)) == ["deal.booked"]
    (position,) = journal.books.positions
    assert position.sl == D("1.05")


def test_what_the_venue_reported_last_is_not_news() -> None:
    journal = Journal(NETTING)
    journal.record([LedgerOpened(D("0.00"), D("0.00"))])
    reported = MoneySeen(D("5.00"), D("0.00"), "push")
    assert journal.see(reported) == ["balance.reported"]
    assert continued(journal).see(reported) == []


def test_a_late_deal_meets_the_place_as_it_was() -> None:
    late = Journal(NETTING)
    late.see(N1[0], N1[2], N1[3])
    continued(late).see(N1[1])
    straight = Journal(NETTING)
    straight.see(*N1)
    assert late.books.state() == straight.books.state()


def test_the_same_words_are_forgotten() -> None:
    journal = Journal(HEDGING)
    for number in range(100, 100 + REMEMBERED):
        journal.see(PositionSeen(PositionRecord(str(number), volume=D("0.10"), sl=D("1.0")), How.ADDED))
    continued(journal).see(PositionSeen(PositionRecord("99", volume=D("0.10"), sl=D("1.0")), How.ADDED))
    told = [journal.books.standing(PositionRecord(number)).told for number in ("100", "101", "99")]
    assert [one and one.position for one in told] == [None, "101", "99"]


def script() -> Journal:
    """Something for every projection."""
    journal = Journal(NETTING)
    adopted = PositionAdopted(
        "77",
        symbol="XAUUSD",
        side="sell",
        volume=D("0.50"),
        price=D("4000.1"),
        updated_at="2026-11-21T10:05:00.000",
    )
    journal.record(
        [
            AccountOpened("ab" * 16, "dev-1", "1001", "Demo"),
            AccountState("ready", "active"),
            SymbolChanged("EURUSD", digits=5, point=D("0.00001"), margin_rates_initial=(D("1.0"), None)),
            LedgerOpened(D("1000.00"), D("0.00"), 1),
            LedgerCorrected(D("-0.10"), D("5.00"), "counted twice"),
            adopted,
            BalanceReported(D("1.00"), None),
            CommandReceived("1", "desk", "submit", symbol="EURUSD"),
            CommandReceived("2", "desk", "cancel_all", queued_at="2026-11-21T10:00:00.000000000Z"),
            CommandReceived("2/1", "desk", "cancel", parent="2"),
            CommandSending(
                command="1",
                client="desk",
                action_id=2**20 + 1,
                action="pending",
                symbol="EURUSD",
                volume=D("1.00"),
                marker="~ABCDEFGH23",
                risk=JudgedRisk("2026-11-21T10:00:00.000+02:00", 1, {"max_volume_per_order": "1.00"}),
            ),
            RiskLimits({"max_volume_per_order": "5.00"}, "config", {"desk": {"sides": ("buy",)}}),
            ClientState("desk", "reducing", "operator"),
            EquityMark("day_start", D("1000.00"), D("0.00"), equity=D("1000.00"), at="2026-11-21T00:00:01Z"),
            EquityMark("peak", D("1000.00"), D("0.00"), equity=D("1010.00"), at="2026-11-21T00:10:00Z"),
            RiskBreached("max_drawdown", "10.00", "10.00", "reducing"),
            AliveArmed("other", D("5"), "config"),
            AliveArmed("desk", D("30")),
            AliveMissed("desk", D("30"), "cancel"),
        ]
    )
    journal.see(opened(order(7, "placed", "1.00", "1.00")), past(order(8, "canceled", "0.10", "0.10")))
    journal.see(money_deal(50, "balance", "10000.00"), money_deal(51, "credit", "3.00"), *N1)
    journal.see(deal(60, "buy", "0.10", "4001", symbol="XAUUSD", position="77"))
    journal.see(DealSeen(replace(N1[1].record, commission=D("-1.00"), updated_at="2026-11-22"), How.UPDATED))
    journal.see(deal(61, "buy", "0.10", "2", symbol="GBPUSD"), deal(61, "buy", "0.10", "2", how=How.REMOVED))
    journal.record([PositionRenamed("77", "XAUUSD", "GOLD")])
    journal.record([LedgerDifference("60", D("1.00"), D("0.00"), D("9.00"), D("3.00"))])
    return journal


def test_a_dump_means_what_it_meant_or_is_of_another_version() -> None:
    assert sha256(dumped(script().books)).hexdigest() == DIGESTS[VERSION]


def test_every_projection_dumps_something() -> None:
    books = script().books
    assert all(part.state() for part in again(books).parts.values())
    assert_alike(again(books), books)


def test_bytes_that_are_no_dump_are_refused() -> None:
    whole = dumped(script().books)
    for end in range(0, len(whole), 97):
        with pytest.raises(BadDump):
            restored(whole[:end])


@pytest.mark.parametrize("change", [{"ledger": None}, {"moods": b"\x90"}], ids=["one missing", "one more"])
def test_a_dump_of_other_projections_is_refused(change: dict[str, bytes | None]) -> None:
    found = msgspec.msgpack.decode(dumped(Books()), type=dict[str, msgspec.Raw])
    parts = msgspec.msgpack.decode(found["parts"], type=dict[str, msgspec.Raw])
    assert parts.keys() == PROJECTIONS.keys()
    for name, raw in change.items():
        if raw is None:
            del parts[name]
        else:
            parts[name] = msgspec.Raw(raw)
    with pytest.raises(BadDump, match="account"):
        restored(msgspec.msgpack.encode({"deals": found["deals"], "parts": parts}))
