"""What a body tells as not understood: paths, values, and what is no drift at all."""

from struct import pack
from typing import Any

import pytest

from protocol import enums
from protocol.account_body import Account
from protocol.commands import COMMANDS
from protocol.drift import NO_DRIFT, Drift, Skipped, Unlisted
from protocol.records.access import BootstrapAnswer, ChangePassword
from protocol.records.account import AccountMain, LeverageRule, TradeSettings
from protocol.records.market import Book, BookLevel, RatesRequest, Tick
from protocol.records.onboarding import Link
from protocol.records.symbols import FullSymbol, Spread, SpreadGroup, SpreadLeg, Symbol
from protocol.records.trade import (
    Deal,
    DealTransaction,
    History,
    OpenTrades,
    Order,
    OrderTransaction,
    Position,
    TradeAnswer,
    TradeOutcome,
    TradeRequest,
    TradeResult,
)
from tests.strategies import LAYOUTS

MAX32, MAX31 = 2**32 - 1, 2**31 - 1


def drift(part: str, number: int, value: Any) -> Drift:
    body = getattr(COMMANDS[number], part)
    found: Drift = body.decode(body.encode(value))[1]
    return found


def account(**main: Any) -> Account:
    return Account(AccountMain(**main))


def override(**values: Any) -> Account:
    return Account(AccountMain(), [TradeSettings(), TradeSettings(**values)])


UNKNOWN = [
    ("answer", 4, OpenTrades([], [Order(), Order(), Order(order_state=10)]), "orders[2].order_state", 10),
    ("answer", 4, OpenTrades([Position(trade_action=2)], []), "positions[0].trade_action", 2),
    ("answer", 4, OpenTrades([Position(trade_reason=19)], []), "positions[0].trade_reason", 19),
    ("answer", 5, History([Deal(), Deal(entry=4)], []), "deals[1].entry", 4),
    ("answer", 5, History([Deal(trade_action=19)], []), "deals[0].trade_action", 19),
    ("push", 10, [OrderTransaction(order=Order(type_time=4))], "[0].order.type_time", 4),
    ("push", 10, [OrderTransaction(), OrderTransaction(flag_mask=3)], "[1].flag_mask", 3),
    ("push", 10, [DealTransaction(2, 0, 3)], "[0].transaction_type", 3),
    ("push", 10, [DealTransaction(2, deal=Deal(entry=9))], "[0].deal.entry", 9),
    ("push", 10, [DealTransaction(2, position=Position(trade_action=9))], "[0].position.trade_action", 9),
    ("push", 10, [DealTransaction(2, deals=[Deal(), Deal(entry=9)])], "[0].deals[1].entry", 9),
    (
        "push",
        10,
        [DealTransaction(2), DealTransaction(2, positions=[Position(trade_action=9)])],
        "[1].positions[0].trade_action",
        9,
    ),
    ("push", 19, TradeOutcome(request=TradeRequest(trade_type=9)), "request.trade_type", 9),
    ("push", 19, TradeOutcome(request=TradeRequest(trade_action=11)), "request.trade_action", 11),
    ("push", 19, TradeOutcome(result=TradeResult(retcode=10037)), "result.retcode", 10037),
    ("answer", 12, TradeAnswer(11), "retcode", 11),
    ("request", 12, TradeRequest(type_filling=4), "type_filling", 4),
    ("request", 11, RatesRequest(period=16386), "period", 16386),
    ("request", 24, ChangePassword(is_investor=2), "is_investor", 2),
    ("answer", 3, account(account_type=4), "main.account_type", 4),
    ("answer", 3, account(daylightmode=-1), "main.daylightmode", -1),
    ("answer", 3, account(margin_mode=3), "main.margin_mode", 3),
    ("answer", 3, account(margin_free_mode=4), "main.margin_free_mode", 4),
    ("push", 14, account(margin_so_mode=2), "main.margin_so_mode", 2),
    ("answer", 3, override(trade_mode=5), "trade_settings[1].trade_mode", 5),
    ("answer", 3, override(swap_rollover3days=-1), "trade_settings[1].swap_rollover3days", -1),
    (
        "answer",
        3,
        Account(AccountMain(), [], 0, 0, 0, [LeverageRule(range_mode=4)]),
        "leverage_rules[0].range_mode",
        4,
    ),
    ("answer", 6, [Symbol(), Symbol(trade_calc_mode=6)], "[1].trade_calc_mode", 6),
    ("answer", 34, [Symbol(trade_calc_mode=31)], "[0].trade_calc_mode", 31),
    ("answer", 18, [FullSymbol(trade_gtc_mode=3)], "[0].trade_gtc_mode", 3),
    ("push", 13, [FullSymbol(), FullSymbol(ticks_chart_mode=2)], "[1].ticks_chart_mode", 2),
    ("push", 13, [FullSymbol(trade_option_mode=4)], "[0].trade_option_mode", 4),
    ("push", 13, [FullSymbol(trade=TradeSettings(swap_mode=9))], "[0].trade.swap_mode", 9),
    ("push", 23, [Book(), Book(levels=[BookLevel(book_type=5)])], "[1].levels[0].book_type", 5),
    ("answer", 20, [SpreadGroup(0, [Spread(margin_type=4)])], "[0].spreads[0].margin_type", 4),
    (
        "push",
        20,
        [SpreadGroup(0, [Spread(1, legs_a=[SpreadLeg(spread_mode=2)])])],
        "[0].spreads[0].legs_a[0].spread_mode",
        2,
    ),
    (
        "answer",
        20,
        [SpreadGroup(), SpreadGroup(0, [Spread(), Spread(1, legs_b=[SpreadLeg(), SpreadLeg(3)])])],
        "[1].spreads[1].legs_b[1].spread_mode",
        3,
    ),
]


@pytest.mark.parametrize(("part", "number", "value", "path", "told"), UNKNOWN, ids=[u[3] for u in UNKNOWN])
def test_an_unlisted_value_is_told_by_its_path(
    part: str, number: int, value: Any, path: str, told: int
) -> None:
    assert drift(part, number, value) == Drift(unknown=(Unlisted(path, told),))


IGNORED = [
    ("answer", 0, BootstrapAnswer(5687, b"", bytes(32)), "server_word", 5687),
    ("push", 19, TradeOutcome(code=1), "code", 1),
    ("answer", 20, [SpreadGroup(), SpreadGroup(7)], "[1].ignored", 7),
    ("push", 23, [Book(flag_mask=3)], "[0].flag_mask", 3),
    ("push", 23, [Book(levels=[BookLevel(), BookLevel(flag_mask=4)])], "[0].levels[1].flag_mask", 4),
    ("answer", 44, [Link(icon=b"\0\1")], "[0].icon", b"\0\1" + bytes(254)),
]


@pytest.mark.parametrize(("part", "number", "value", "path", "told"), IGNORED, ids=[u[3] for u in IGNORED])
def test_what_the_official_client_skips_is_told_when_not_zero(
    part: str, number: int, value: Any, path: str, told: Any
) -> None:
    assert drift(part, number, value) == Drift(ignored=(Skipped(path, told),))


def test_a_spread_without_id_tells_its_own_fields_only() -> None:
    value = [SpreadGroup(0, [Spread(0, legs_a=[SpreadLeg(spread_mode=9)])])]
    assert drift("answer", 20, value) is NO_DRIFT


@pytest.mark.parametrize("name", ["trade_mode", "trade_exemode", "swap_mode"])
def test_no_override_is_known_in_an_override_and_not_in_a_symbol(name: str) -> None:
    settings: dict[str, Any] = {name: MAX32}
    assert drift("answer", 3, override(**settings)) is NO_DRIFT
    assert drift("push", 13, [FullSymbol(trade=TradeSettings(**settings))]) == Drift(
        unknown=(Unlisted(f"[0].trade.{name}", MAX32),)
    )


def test_no_override_of_a_signed_field_is_known_too() -> None:
    assert drift("answer", 3, override(swap_rollover3days=MAX31)) is NO_DRIFT
    assert drift("push", 13, [FullSymbol(trade=TradeSettings(swap_rollover3days=MAX31))]).unknown


FLAGS = [
    ("answer", 3, account(rights=-1, permissions_flags=-1, otp_status=99)),
    (
        "answer",
        3,
        override(
            trade_fill_flags=MAX32,
            trade_time_flags=MAX32,
            trade_order_flags=MAX32,
            margin_flags=MAX32,
            permissions_flags=MAX32,
        ),
    ),
    ("answer", 3, Account(AccountMain(), [TradeSettings()], -1, 0, 2**64 - 1)),
    ("request", 12, TradeRequest(type_flags=MAX32, type_reason=MAX32)),
    ("push", 8, [Tick(fields=MAX32, flags=65535)]),
    ("push", 13, [FullSymbol(ticks_flags=MAX32, trade_flags=MAX32, time_flags=MAX32)]),
    ("push", 23, [Book(books_flags=MAX32)]),
]


@pytest.mark.parametrize(("part", "number", "value"), FLAGS)
def test_flags_are_bits_and_no_listed_values(part: str, number: int, value: Any) -> None:
    assert drift(part, number, value) is NO_DRIFT


LISTED = [
    (layout.record, field.attribute, value)
    for layout in LAYOUTS.values()
    for field in layout.fields
    for value in sorted(field.kind.known or ())
]


def test_every_listed_value_is_known() -> None:
    assert len(LISTED) > 150
    for record, name, value in LISTED:
        layout = next(layout for layout in LAYOUTS.values() if layout.record is record)
        assert not [*layout.drift(record(**{name: value}))], f"{record.__name__}.{name} {value}"


def test_all_of_a_body_is_told_in_order() -> None:
    orders = [Order(order_type=9, order_state=99), Order(type_filling=7)]
    body = COMMANDS[4].answer
    assert body is not None
    _, found = body.decode(body.encode(OpenTrades([], orders)) + b"xyz")
    paths = ("orders[0].order_type", "orders[0].order_state", "orders[1].type_filling")
    assert found == Drift(3, tuple(Unlisted(p, v) for p, v in zip(paths, (9, 99, 7), strict=True)))


def test_drift_is_false_when_all_is_known_and_adds_up() -> None:
    one, two = Drift(1, (Unlisted("a", 1),)), Drift(2, (), (Skipped("b", 2),))
    assert not NO_DRIFT
    assert not Drift()
    assert one
    assert one.merged(two) == Drift(3, (Unlisted("a", 1),), (Skipped("b", 2),))
    assert one.merged(NO_DRIFT) is one


# docs/protocol.md 1, 3 - 6, copied by hand: what each table lists.
TABLES: dict[Any, list[int]] = {
    enums.Code: [*range(10), 100, 201],
    enums.OrderType: [*range(9)],
    enums.OrderState: [*range(10)],
    enums.Filling: [*range(4)],
    enums.OrderTime: [*range(4)],
    enums.Side: [0, 1],
    enums.TradeAction: [*range(11), *range(100, 107), *range(200, 209)],
    enums.DealType: [*range(19)],
    enums.DealEntry: [*range(4)],
    enums.Reason: [*range(19)],
    enums.ActivationMode: [0, 1, 2],
    enums.Retcode: [
        *range(11),
        12,
        1025,
        *range(10001, 10032),
        *range(10033, 10037),
        *range(10039, 10046),
        11001,
    ],
    enums.AccountType: [*range(4)],
    enums.DaylightMode: [0, 1],
    enums.MarginMode: [0, 1, 2],
    enums.MarginFreeMode: [*range(4)],
    enums.StopOutMode: [0, 1],
    enums.TradeMode: [*range(5)],
    enums.Execution: [*range(4)],
    enums.CalcMode: [*range(6), *range(32, 40), 64],
    enums.SwapMode: [*range(9)],
    enums.Rollover: [*range(8)],
    enums.ChartMode: [0, 1, 255],
    enums.GtcMode: [0, 1, 2],
    enums.OptionMode: [*range(4)],
    enums.RangeMode: [*range(4)],
    enums.SpreadMargin: [*range(4)],
    enums.SpreadMode: [0, 1],
    enums.PasswordKind: [0, 1],
    enums.Timeframe: [0, 1, 5, 15, 30, 16385, 16388, 16408, 32769, 49153],
    enums.TransactionClass: [0, 1, 2],
    enums.TransactionType: [0, 1, 2],
    enums.BookType: [*range(5)],
}
BITS: dict[Any, list[int]] = {
    enums.TypeFlags: [1, 2, 256, 512, 1024],
    enums.Rights: [4, 8, 512, 1024],
    enums.FillFlags: [1, 2, 4],
    enums.TimeFlags: [1, 2, 4, 8],
    enums.OrderFlags: [1, 2, 4, 8, 16, 32, 64],
    enums.TickFields: [1, 2, 4, 8],
}


@pytest.mark.parametrize(
    ("enum", "values"), (TABLES | BITS).items(), ids=lambda e: getattr(e, "__name__", "")
)
def test_an_enum_holds_what_its_table_lists(enum: Any, values: list[int]) -> None:
    assert [int(member) for member in enum] == values


def test_every_enum_is_compared_with_its_table() -> None:
    named = {
        value
        for value in vars(enums).values()
        if isinstance(value, type) and value.__module__ == enums.__name__
    }
    assert named == set(TABLES | BITS)


def test_bytes_of_a_newer_build_are_told_not_refused() -> None:
    body = COMMANDS[12].request
    assert body is not None
    value, found = body.decode(pack("<I", 1000) + bytes(244) + b"\1" * 12)
    assert value.action_id == 1000
    assert found == Drift(unread=12)
