"""From the wire to the domain: exact values, whatever the wire holds, and oddities told with their bytes."""

import json
from base64 import b64decode
from decimal import Decimal
from math import inf, nan
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from oms.domain.events import AccountChanged, AnomalySeen, data_of
from oms.domain.observations import (
    AccountSeen,
    DealSeen,
    How,
    MoneySeen,
    Observation,
    Odd,
    OpenOrderSeen,
    PastOrderSeen,
    PositionSeen,
    SymbolSeen,
)
from oms.domain.observe import observe
from oms.domain.records import DealRecord, OrderRecord, PositionRecord
from oms.projections import Books
from oms.sessions import translate
from oms.sessions.translate import Terms
from protocol.account_body import Account
from protocol.book import OrderBook
from protocol.commands import COMMANDS
from protocol.drift import Drift, Skipped, Unlisted
from protocol.messages import Push
from protocol.quotes import Quote, QuoteTick
from protocol.records.account import AccountMain, TradeSettings
from protocol.records.market import Book, BookLevel, Statistics
from protocol.records.symbols import FullSymbol, Schedule, Subscription
from protocol.records.trade import (
    DEAL,
    Deal,
    DealTransaction,
    History,
    OpenTrades,
    Order,
    OrderTransaction,
    Position,
)
from tests.strategies import of_body, records, transactions

D = Decimal
TERMS = Terms(2 * 3600, 2)
SECONDS = 1_795_255_200  # 2026-11-21 10:00:00 by the server's clock

DEAL_ON_WIRE = Deal(
    deal=2045,
    deal_id="X9",
    trade_order=1023,
    time_create=SECONDS,
    time_update=SECONDS + 1,
    trade_symbol="EURUSD",
    trade_action=1,
    entry=1,
    price_open=1.08102,
    sl=1.07,
    trade_volume=7_000_000,
    profit=4.999999999999999,
    commission=-0.18,
    storage=-0.02,
    expert=-7,
    position_id=1023,
    comment="bye",
    digits=5,
    digits_currency=2,
    trade_reason=3,
    time_create_msc=123,
)


def transaction(kind: int, deal: Deal, **more: Any) -> list[Observation]:
    record = DealTransaction(2, 1, kind, deal, **more)
    return translate.push(Push(10, [record]), TERMS)


def test_a_deal() -> None:
    assert transaction(0, DEAL_ON_WIRE, balance=10016.49, credit=0.0) == [
        DealSeen(
            DealRecord(
                deal="2045",
                order="1023",
                position="1023",
                symbol="EURUSD",
                type="sell",
                entry="out",
                volume=D("0.07"),
                price=D("1.08102"),
                profit=D("5.00"),
                commission=D("-0.18"),
                swap=D("-0.02"),
                fee=D("0.00"),
                sl=D("1.07"),
                reason="sl",
                comment="bye",
                magic="-7",
                digits=5,
                external_id="X9",
                time="2026-11-21T10:00:00.123+02:00",
                updated_at="2026-11-21T10:00:01.000+02:00",
            ),
            How.ADDED,
        ),
        MoneySeen(D("10016.49"), D("0.00"), "push", deal="2045"),
    ]


def test_tc_o10_wire_volumes() -> None:
    (seen,) = translate.history(History([DEAL_ON_WIRE], []), TERMS)
    assert isinstance(seen, DealSeen)
    assert (seen.record.volume, str(seen.record.volume)) == (D("0.07"), "0.07")


def test_an_order() -> None:
    order = Order(
        trade_order=1024,
        trade_symbol="EURUSD",
        time_setup=SECONDS,
        time_expiration=SECONDS + 3600,
        order_type=6,
        type_filling=2,
        type_time=2,
        price_order=1.2,
        price_trigger=1.19,
        price_tp=1.3,
        volume_initial=10_000_000,
        volume_current=4_000_000,
        order_state=3,
        activation_mode=2,
        digits=5,
        type_reason=16,
    )
    record = OrderRecord(
        order="1024",
        symbol="EURUSD",
        type="buy_stop_limit",
        state="partial",
        volume=D("0.10"),
        remaining=D("0.04"),
        price=D("1.2"),
        limit_price=D("1.19"),
        tp=D("1.3"),
        filling="return",
        time_in_force="specified",
        expires_at="2026-11-21T11:00:00.000+02:00",
        reason="mobile",
        activation="stop_limit",
        digits=5,
        setup_at="2026-11-21T10:00:00.000+02:00",
    )
    pushes = [
        OrderTransaction(0, 1, 1, order),
        OrderTransaction(1, 2, 0, order),
        OrderTransaction(0, 3, 2, order),
    ]
    assert translate.push(Push(10, pushes), TERMS) == [
        OpenOrderSeen(record, How.UPDATED),
        PastOrderSeen(record, How.ADDED),
        OpenOrderSeen(record, How.REMOVED),
    ]
    assert translate.open_trades(OpenTrades([], [order]), TERMS) == [OpenOrderSeen(record, How.LISTED)]
    assert translate.history(History([], [order]), TERMS) == [PastOrderSeen(record, How.LISTED)]


def test_a_position_and_an_empty_deal_around_it() -> None:
    position = Position(
        position_id=1023,
        trade_order=1030,
        time_create=SECONDS,
        time_update=SECONDS,
        trade_symbol="EURUSD",
        trade_action=1,
        price_open=1.1999375,
        trade_volume=15_000_000,
        storage=-0.18,
        digits=5,
        time_update_msc=7,
    )
    assert transaction(1, Deal(), position=position) == [
        PositionSeen(
            PositionRecord(
                position="1023",
                ticket="1030",
                symbol="EURUSD",
                side="sell",
                volume=D("0.15"),
                price=D("1.1999375"),
                swap=D("-0.18"),
                commission=D("0.00"),
                reason="client",
                digits=5,
                opened_at="2026-11-21T10:00:00.000+02:00",
                updated_at="2026-11-21T10:00:00.007+02:00",
            ),
            How.UPDATED,
        )
    ]


def test_lists_of_a_deal_record_are_read_too() -> None:
    second = replace(DEAL_ON_WIRE, deal=2046)
    seen = transaction(0, DEAL_ON_WIRE, deals=[second], positions=[Position(5, trade_volume=1)])
    assert [type(one).__name__ for one in seen] == ["DealSeen", "DealSeen", "PositionSeen", "MoneySeen"]


def test_history_comes_by_time_then_ticket() -> None:
    deals = [
        replace(DEAL_ON_WIRE, deal=ticket, time_create=SECONDS + late, time_create_msc=ms)
        for ticket, late, ms in ((5, 1, 0), (9, 0, 5), (3, 0, 5), (7, 0, 4))
    ]
    seen = translate.history(History(deals, []), TERMS)
    assert [one.record.deal for one in seen if isinstance(one, DealSeen)] == ["7", "3", "9", "5"]


@pytest.mark.parametrize(
    ("change", "kind", "field", "stored", "told"),
    [
        ({"comment": "a\ud800b"}, "lone_surrogate", "comment", "a\\ud800b", "a\\ud800b"),
        ({"trade_symbol": "\udfff"}, "lone_surrogate", "symbol", "\\udfff", "\\udfff"),
        ({"price_open": nan}, "not_finite", "price", None, "nan"),
        ({"profit": -inf}, "not_finite", "profit", None, "-inf"),
        ({"trade_action": 77}, "unlisted_value", "type", "77", "77"),
        ({"entry": 9}, "unlisted_value", "entry", "9", "9"),
        ({"trade_reason": 200}, "unlisted_value", "reason", "200", "200"),
        ({"profit": 1.00001}, "off_grid", "profit", D("1.00001"), "1.00001"),
        ({"trade_order": -4}, "bad_ticket", "order", None, "-4"),
        ({"digits": 4_000_000_000}, "unlisted_value", "digits", 8, "4000000000"),
    ],
)
def test_tc_r9_what_cannot_be_taken_as_it_came_is_told_with_its_bytes(
    change: dict[str, Any], kind: str, field: str, stored: Any, told: str
) -> None:
    deal = replace(DEAL_ON_WIRE, **change)
    (seen,) = translate.history(History([deal], []), TERMS)
    assert isinstance(seen, DealSeen)
    assert getattr(seen.record, field) == stored
    (anomaly,) = seen.anomalies
    assert (anomaly.kind, anomaly.subject, anomaly.field, anomaly.value) == (kind, "deal 2045", field, told)
    assert b64decode(anomaly.raw) == DEAL.dump(deal)


def test_an_anomaly_is_told_with_the_news_and_not_again() -> None:
    books = Books()
    odd = translate.history(History([replace(DEAL_ON_WIRE, trade_action=77)], []), TERMS)
    first = observe(books, odd[0])
    assert [type(event).__name__ for event in first] == ["DealBooked", "AnomalySeen"]
    books.fold_all(first)
    assert observe(books, odd[0]) == []


def test_a_record_without_a_ticket_is_kept_as_an_anomaly() -> None:
    (seen,) = translate.history(History([replace(DEAL_ON_WIRE, deal=0)], []), TERMS)
    assert isinstance(seen, Odd)
    assert isinstance(seen.finding, AnomalySeen)
    assert (seen.finding.kind, seen.finding.symbol) == ("no_ticket", "EURUSD")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (OrderTransaction(7, 1, 0, Order(5)), "flag_mask"),
        (OrderTransaction(0, 1, 9, Order(5)), "transaction_type"),
        (DealTransaction(2, 1, 3, DEAL_ON_WIRE), "transaction_type"),
    ],
)
def test_a_transaction_of_no_known_kind_moves_nothing(record: Any, field: str) -> None:
    (seen,) = translate.push(Push(10, [record]), TERMS)
    assert isinstance(seen, Odd)
    assert isinstance(seen.finding, AnomalySeen)
    assert (seen.finding.kind, seen.finding.field) == ("unlisted_value", field)


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (0, "+00:00"),
        (7200, "+02:00"),
        (-12600, "-03:30"),
        (19800, "+05:30"),
        (86340, "+23:59"),
        (86400, "+00:00"),  # no clock shows it
        (61, "+00:00"),
    ],
)
def test_tc_r6_the_offset_behind_a_time(offset: int, written: str) -> None:
    (seen,) = translate.history(History([DEAL_ON_WIRE], []), Terms(offset, 2))
    assert isinstance(seen, DealSeen)
    assert seen.record.time == "2026-11-21T10:00:00.123" + written


def test_tc_r6_a_deal_read_again_under_another_offset_is_no_amendment() -> None:
    books = Books()
    for offset in (10800, 7200):
        for seen in translate.history(History([DEAL_ON_WIRE], [Order(5, order_state=2)]), Terms(offset, 2)):
            books.fold_all(found := observe(books, seen))
            assert bool(found) == (offset == 10800)


ACCOUNT = Account(
    main=AccountMain(
        account_type=1,
        rights=8,
        balance=10016.49,
        credit=5.0,
        account_currency="USD",
        currency_digits=2,
        margin_leverage=100,
        server_name="Broker-Demo",
        timezone_shift=7200,
        daylightmode=1,
        margin_mode=2,
        margin_so_so=30.0,
    )
)


def test_an_account_is_terms_and_money() -> None:
    terms, money = translate.push(Push(14, ACCOUNT), TERMS)
    assert isinstance(terms, AccountSeen)
    record = terms.record
    assert (record.margin_mode, record.hedging, record.leverage, record.currency) == (
        "retail_hedging",
        True,
        100,
        "USD",
    )
    assert (record.investor, record.trade_allowed, record.utc_offset) == (True, False, 10800)
    assert money == MoneySeen(D("10016.49"), D("5.00"), "account")
    assert translate.terms_of(ACCOUNT) == Terms(10800, 2)


def test_a_change_of_balance_is_no_change_of_terms() -> None:
    books = Books()
    for seen in translate.account(ACCOUNT):
        books.fold_all(observe(books, seen))
    richer = replace(ACCOUNT, main=replace(ACCOUNT.main, balance=1.0))
    assert [type(e).__name__ for s in translate.account(richer) for e in observe(books, s)] == [
        "BalanceReported"
    ]
    safer = replace(ACCOUNT, main=replace(ACCOUNT.main, margin_leverage=30))
    (changed,) = [e for s in translate.account(safer) for e in observe(books, s)]
    assert isinstance(changed, AccountChanged)
    assert changed.leverage == 30


def test_a_symbol_and_only_when_its_content_changed() -> None:
    week = tuple(((0, 1440), *((0, 0),) * 15) if day else ((0, 0),) * 16 for day in range(7))
    spec = FullSymbol(
        trade_symbol="EURUSD",
        digits=5,
        point=1e-5,
        trade_contract_size=100000.0,
        symbol_id=7,
        trade=TradeSettings(
            trade_mode=4, trade_exemode=2, volume_min=1_000_000, permissions_flags=1, permissions_bookdepth=5
        ),
        schedule=Schedule(trade_sessions=week),
        subscription=Subscription(status=1),
    )
    (seen,) = translate.push(Push(13, [spec]), TERMS)
    assert isinstance(seen, SymbolSeen)
    record = seen.record
    assert (record.point, record.contract_size, record.volume_min) == (D("0.00001"), D("100000"), D("0.01"))
    assert (record.trade_mode, record.execution, record.book_depth) == ("full", "market", 5)
    assert record.trade_sessions == ((), *(((0, 1440),),) * 6)
    assert record.quotes_delayed
    books = Books()
    books.fold_all(observe(books, seen))
    assert translate.symbol(replace(spec, symbol_id=8), TERMS) == seen  # ids hold for one session
    assert observe(books, seen) == []
    tighter = translate.symbol(replace(spec, trade_spread=3), TERMS)
    assert [type(event).__name__ for event in observe(books, tighter)] == ["SymbolChanged"]


def test_market_data() -> None:
    quote = translate.quote(QuoteTick(7, 1700, 1.08001, 1.08003, 0.0, 50_000_000, 3, False), "EURUSD")
    assert (quote.bid, quote.ask, quote.volume, quote.time) == (1.08001, 1.08003, 0.5, 1700)
    merged = OrderBook(5, 100_000.0)
    levels = [
        BookLevel(0, kind, price, 10_000_000_000_000)
        for kind, price in ((1, 108_005), (1, 108_003), (2, 108_001))
    ]
    merged.apply(2, levels)
    book = translate.book(Book(7, 17, 5), merged, "EURUSD")
    assert [level.price for level in book.asks] == [1.08003, 1.08005]
    assert (book.bids[0].price, book.bids[0].volume, book.time) == (1.08001, 1.0, 17_005)
    statistics = translate.statistics(
        Statistics(7, fields=(1 << 1) | (1 << 16), lasttime=17), Quote(bid_high=1.09, trade_deals=3), "EURUSD"
    )
    assert (statistics.values, statistics.time) == ({"bid_high": 1.09, "trade_deals": 3}, 17_000)


def test_drift_is_told_and_bounded() -> None:
    found = Drift(3, (Unlisted("[0].order.order_state", 77),), (Skipped("code", 5), Skipped("rest", b"\1\2")))
    assert [(one.field, one.value, one.unread, one.raw) for one in translate.drift(10, found)] == [
        ("", "", 3, ""),
        ("[0].order.order_state", "77", 0, ""),
        ("code", "5", 0, ""),
        ("rest", "", 2, "AQI="),
    ]
    many = translate.drift(10, Drift(0, tuple(Unlisted(f"[{n}]", n) for n in range(5000)), ()))
    assert (len(many), many[-1].count) == (100, 4901)


# Whatever the wire holds.


def assert_storable(seen: list[Observation]) -> None:
    """All of it, and every event that it makes, is canonical JSON and comes back the same."""
    books = Books()
    for one in seen:
        assert msgspec.json.encode(one, order="sorted").decode()
        for event in observe(books, one):
            data = data_of(event)
            body = msgspec.json.encode(data, order="sorted")
            assert json.loads(body, parse_constant=_no_constant) == data
            assert_integers_fit(data)
            books.fold(event)
    assert len(books.state_hash()) == 64


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def assert_integers_fit(value: Any) -> None:
    match value:
        case dict():
            for item in value.values():
                assert_integers_fit(item)
        case list():
            for item in value:
                assert_integers_fit(item)
        case int():
            assert abs(value) < 2**53


ANYTHING = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
OFFSETS = st.sampled_from([0, 7200, -3600, 2**31 - 1, -(2**31)])
TERMS_OF_ALL = st.builds(Terms, OFFSETS, st.integers(0, 8))
NOT_FINITE = st.sampled_from([nan, inf, -inf])


@pytest.mark.slow
@ANYTHING
@given(value=transactions(), terms=TERMS_OF_ALL)
def test_any_transaction_is_storable(value: Any, terms: Terms) -> None:
    assert_storable(translate.push(Push(10, value), terms))


@pytest.mark.slow
@ANYTHING
@given(
    orders=st.lists(records(Order), max_size=3),
    positions=st.lists(records(Position), max_size=3),
    terms=TERMS_OF_ALL,
)
def test_any_open_trades_are_storable(orders: list[Order], positions: list[Position], terms: Terms) -> None:
    assert_storable(translate.open_trades(OpenTrades(positions, orders), terms))


@pytest.mark.slow
@ANYTHING
@given(
    orders=st.lists(records(Order), max_size=3), deals=st.lists(records(Deal), max_size=3), terms=TERMS_OF_ALL
)
def test_any_history_is_storable(orders: list[Order], deals: list[Deal], terms: Terms) -> None:
    assert_storable(translate.history(History(deals, orders), terms))


@pytest.mark.slow
@ANYTHING
@given(body=of_body(COMMANDS[3].answer))  # type: ignore[arg-type]
def test_any_account_is_storable(body: Account) -> None:
    assert_storable(translate.account(body))


@settings(ANYTHING, max_examples=30)
@given(spec=records(FullSymbol), terms=TERMS_OF_ALL)
def test_any_symbol_is_storable(spec: FullSymbol, terms: Terms) -> None:
    assert_storable(translate.symbols([spec], terms))


@given(deal=records(Deal), double=NOT_FINITE, name=st.sampled_from(["price_open", "profit", "storage", "sl"]))
def test_a_number_that_is_not_finite_is_storable(deal: Deal, double: float, name: str) -> None:
    assert_storable(translate.history(History([replace(deal, **{name: double})], []), TERMS))


@given(record=records(Statistics), value=st.floats() | st.integers(-(2**63), 2**64 - 1))
def test_any_statistics_are_storable(record: Statistics, value: float) -> None:
    merged = Quote(
        bid_high=float(value), trade_volume=int(value) if value == value and abs(value) != inf else 0
    )
    data = data_of(translate.statistics(record, merged, "\ud800"))
    assert json.loads(msgspec.json.encode(data), parse_constant=_no_constant) == data
    assert_integers_fit(data)
