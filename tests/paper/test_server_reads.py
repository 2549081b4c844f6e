"""What a terminal asks for beside trading, over a real WebSocket: each command of docs/protocol.md 3."""

import gzip
import zlib
from typing import Any

import pytest
from msgspec.structs import replace

from oms.paper.feed import Feed
from oms.paper.settings import AccountSettings, DemoSettings, OverrideSettings, default
from protocol.composed import RealOpening
from protocol.messages import Answer, Push
from protocol.records.access import Init, Notify
from protocol.records.account import LeverageRule, LeverageTier
from protocol.records.market import RatesRequest
from protocol.records.onboarding import Link, Opening, OpenResult, Verification
from protocol.records.symbols import FullSymbol, Spread, SpreadGroup, SpreadLeg
from protocol.records.trade import History, HistoryRequest, OpenTrades

from .running import EURO, HEDGE, NET, SERVER_START_S, YEN, ToldClock, running
from .terminal import Terminal

pytestmark = pytest.mark.trio
ALL = HistoryRequest(0, 0)
SATURDAY_NOON_S = 1_716_033_600 + 3 * 3600  # 2024-05-18, in server time


def default_walk(utc_ms: int) -> Feed:
    """The feed of a venue without settings."""
    return default().make_feed(default().instruments(), utc_ms, default().zone.zone())


async def full_symbol(terminal: Terminal, name: str) -> FullSymbol:
    ids = {one.trade_symbol: one.symbol_id for one in await terminal.ask(6)}
    (spec,) = await terminal.ask(18, [ids[name]])
    assert isinstance(spec, FullSymbol)
    return spec


async def test_the_account() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        body = await terminal.ask(3)
        main = body.main
        assert (main.balance, main.credit, main.account_currency, main.currency_digits) == (
            10000,
            0,
            "USD",
            2,
        )
        assert (main.margin_mode, main.margin_leverage, main.account_type) == (2, 100, 1)
        assert (main.timezone_shift, main.daylightmode) == (7200, 1)
        assert (main.margin_so_mode, main.margin_so_call, main.margin_so_so) == (0, 100, 50)
        assert body.symbols_count == len(await terminal.ask(6)) >= 30
        assert (body.leverage_rules, body.commissions) == ([], [])


@pytest.mark.parametrize(
    ("login", "mode", "currency", "digits"), [(NET, 0, "USD", 2), (EURO, 2, "EUR", 2), (YEN, 0, "JPY", 0)]
)
async def test_the_other_accounts(login: int, mode: int, currency: str, digits: int) -> None:
    async with running() as venue, venue.terminal(login) as terminal:
        main = (await terminal.ask(3)).main
        assert (main.margin_mode, main.account_currency, main.currency_digits) == (mode, currency, digits)


async def test_one_override_that_overrides_nothing() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        body = await terminal.ask(3)
        (override,) = body.trade_settings
        assert override.symbol_path == "*"
        # the "no override" values of docs/protocol.md 7.6
        assert (override.trade_mode, override.spread_diff) == (2**32 - 1, 2**31 - 1)
        assert (override.volume_min, override.margin_initial) == (2**64 - 1, 1.7976931348623157e308)
        assert len(terminal.frames[-1].body) == 816 + 4 + 628 + 4 + 4 + 8 + 4 + 4


async def test_no_override_at_all_leaves_no_room_for_trade_flags() -> None:
    async with running(protocol={"overrides": "zero"}) as venue, venue.terminal(HEDGE) as terminal:
        body = await terminal.ask(3)
        assert (body.trade_settings, body.trade_flags) == ([], 0)
        assert len(terminal.frames[-1].body) == 816 + 4 + 4 + 8 + 4 + 4
        assert body.symbols_count >= 30


async def test_overrides_flags_and_rules_of_the_settings() -> None:
    override = OverrideSettings(mask="Forex\\*", trade_stops_level=7)
    accounts = (AccountSettings(login=HEDGE, overrides=(override,)), AccountSettings(login=NET))
    rule = LeverageRule("*", tiers=[LeverageTier(0, 5, 1, 1), LeverageTier(5, 10, 2, 2)])
    trading = {"stop_out_without_margin": True, "leverage_rules": (rule,)}
    async with running(accounts=accounts, trading=trading) as venue:
        async with venue.terminal(HEDGE) as terminal:
            body = await terminal.ask(3)
            (told,) = body.trade_settings
            assert (told.symbol_path, told.trade_stops_level, told.trade_mode) == ("Forex\\*", 7, 2**32 - 1)
            assert body.trade_flags == 128
            assert [len(one.tiers) for one in body.leverage_rules] == [2]
        async with venue.terminal(NET) as terminal:
            assert [one.symbol_path for one in (await terminal.ask(3)).trade_settings] == ["*"]


@pytest.mark.parametrize(("how", "magic"), [("gzip", b"\x1f\x8b"), ("zlib", b"\x78")])
async def test_symbols_plain_and_compressed(how: str, magic: bytes) -> None:
    async with running(protocol={"compressed": how}) as venue, venue.terminal(HEDGE) as terminal:
        plain = await terminal.ask(6)
        plain_body = terminal.frames[-1].body
        assert await terminal.ask(34) == plain
        packed = terminal.frames[-1].body
        assert packed[4:].startswith(magic)
        inflate = gzip.decompress if how == "gzip" else zlib.decompress
        assert inflate(packed[4:]) == plain_body
        assert int.from_bytes(packed[:4], "little") == len(plain_body)
        assert {"EURUSD", "EURUSD.req", "EURUSD.ins", "EURUSD.exc"} <= {one.trade_symbol for one in plain}
        groups = {one.group_name for one in await terminal.ask(9)}
        assert {one.symbol_path.rpartition("\\")[0] for one in plain} == groups


async def test_full_symbols_are_those_asked_for() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        lines = await terminal.ask(6)
        some = [lines[3].symbol_id, 999_999, lines[0].symbol_id]
        specs = await terminal.ask(18, some)
        assert [one.trade_symbol for one in specs] == [lines[3].trade_symbol, lines[0].trade_symbol]
        assert specs[0].trade.symbol_path == lines[3].symbol_path
        assert await terminal.ask(18, []) == []


async def test_ticks_go_to_the_symbols_subscribed_and_7_replaces_the_whole_set() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        euro, yen = await full_symbol(terminal, "EURUSD"), await full_symbol(terminal, "USDJPY")
        venue.quote(1.10010, 1.10020)
        assert await terminal.settled() != []  # the answers of 6 and 18, no tick
        assert not [one for one in terminal.heard if one.command == 8]
        await terminal.ask(7, [euro.symbol_id, euro.symbol_id, 999_999])
        await terminal.settled()
        venue.quote(150.100, 150.110, "USDJPY")
        await venue.clock.advance(1250)
        venue.quote(1.10020, 1.10035)
        (push,) = await terminal.settled()
        assert isinstance(push, Push)
        (tick,) = push.value
        assert (tick.symbol_id, tick.fields, tick.bid, tick.ask) == (euro.symbol_id, 3, 110020, 110035)
        assert (tick.tick_time, tick.time_ms_delta) == (SERVER_START_S + 1, 250)
        await terminal.ask(7, [yen.symbol_id])
        await terminal.settled()
        venue.quote(1.10030, 1.10045)
        venue.quote(150.120, 150.130, "USDJPY")
        assert [(one.command, [row.symbol_id for row in one.value]) for one in await pushes(terminal)] == [
            (8, [yen.symbol_id])
        ]
        await terminal.ask(7, [])
        venue.quote(150.130, 150.140, "USDJPY")
        assert [one.command for one in await terminal.settled()] == [7]


async def test_a_symbol_that_rests_is_told_once_by_its_last_quote() -> None:
    """Saturday 2024-05-18 12:00 UTC, the settings as they are: what is closed has the time it closed at."""
    clock = ToldClock(1_716_033_600_000)
    async with (
        running(clock=clock, feed=default_walk(clock.now), protocol={"statistics_seconds": 1}) as venue,
        venue.terminal(HEDGE) as terminal,
    ):
        ids = {one.trade_symbol: one.symbol_id for one in await terminal.ask(6)}
        await terminal.settled()
        await terminal.ask(7, [*ids.values()])
        ticks, statistics = await pushes(terminal)
        assert (ticks.command, statistics.command) == (8, 17)
        assert {one.symbol_id for one in ticks.value} == set(ids.values())
        assert {one.symbol_id for one in statistics.value} == set(ids.values())
        told = {one.symbol_id: (one.tick_time, one.bid) for one in ticks.value}
        (pound,) = await terminal.ask(18, [ids["GBPUSD"]])
        closes = max(until for _, until in pound.schedule.quote_sessions[5])  # minute of Friday 2024-05-17
        friday_ends = 1_715_904_000 + closes * 60 - 1
        assert told[ids["GBPUSD"]][0] == told[ids["USDJPY"]][0] == friday_ends
        assert told[ids["EURUSD"]][0] == SATURDAY_NOON_S
        days = {one.symbol_id: (one.lasttime, one.bid_last) for one in statistics.value}
        assert days == told
        await terminal.ask(7, [ids["GBPUSD"], ids["USDJPY"]])
        assert await pushes(terminal) == []  # known already
        await terminal.ask(7, [ids["EURUSD"], ids["GBPUSD"]])
        again, _ = await pushes(terminal)
        assert [one.symbol_id for one in again.value] == [ids["EURUSD"]]
        await terminal.ask(22, [ids["GBPUSD"]])
        (book,) = await pushes(terminal)
        assert (book.command, book.value[0].symbol_id, book.value[0].books_flags) == (23, ids["GBPUSD"], 2)
        assert book.value[0].books_time == friday_ends


async def test_without_statistics_a_new_subscription_brings_none_either() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        euro, yen = await full_symbol(terminal, "EURUSD"), await full_symbol(terminal, "USDJPY")
        await terminal.settled()
        await terminal.ask(7, [euro.symbol_id, yen.symbol_id])
        (push,) = await pushes(terminal)  # the yen was never quoted here
        assert (push.command, [(one.symbol_id, one.bid) for one in push.value]) == (
            8,
            [(euro.symbol_id, 110000)],
        )


async def pushes(terminal: Terminal) -> list[Push]:
    return [one for one in await terminal.settled() if isinstance(one, Push)]


async def test_no_more_symbols_than_the_switch_allows() -> None:
    async with running(protocol={"max_subscriptions": 1}) as venue, venue.terminal(HEDGE) as terminal:
        euro, yen = await full_symbol(terminal, "EURUSD"), await full_symbol(terminal, "USDJPY")
        await terminal.ask(7, [yen.symbol_id, euro.symbol_id])
        venue.quote(1.10030, 1.10045)
        venue.quote(150.120, 150.130, "USDJPY")
        assert [[row.symbol_id for row in one.value] for one in await pushes(terminal)] == [[yen.symbol_id]]


async def test_statistics_say_what_the_ticks_said() -> None:
    async with running(protocol={"statistics_seconds": 2}) as venue, venue.terminal(HEDGE) as terminal:
        euro = await full_symbol(terminal, "EURUSD")
        await terminal.ask(7, [euro.symbol_id])
        for bid in (1.10050, 1.09970, 1.10020):
            venue.quote(bid, round(bid + 0.00010, 5))
        await terminal.settled()
        await venue.clock.advance(1900)
        assert await terminal.settled() == []
        await venue.clock.advance(200)
        (push,) = await pushes(terminal)
        (day,) = push.value
        assert push.command == 17
        assert (day.bid_last, day.bid_high, day.bid_low) == (110020, 110050, 109970)
        assert (day.ask_last, day.ask_high, day.ask_low) == (110030, 110060, 109980)
        assert day.price_open == 110000
        await venue.clock.advance(2100)
        assert await terminal.settled() == []  # nothing moved


async def test_the_book_and_its_differences() -> None:
    for how in ("snapshot", "differences"):
        async with running(protocol={"book": how}) as venue, venue.terminal(HEDGE) as terminal:
            euro = await full_symbol(terminal, "EURUSD")
            assert euro.trade.permissions_flags & 1
            await terminal.ask(22, [euro.symbol_id])
            (standing,) = await pushes(terminal)
            assert standing.value[0].books_flags == 2
            venue.quote(1.10010, 1.10020)
            await terminal.settled()
            await terminal.ask(22, [euro.symbol_id])
            (first,) = await pushes(terminal)
            (book,) = first.value
            assert (first.command, book.symbol_id, book.books_flags) == (23, euro.symbol_id, 2)
            bids = [one.price for one in book.levels if one.book_type == 2]
            asks = [one.price for one in book.levels if one.book_type == 1]
            assert (max(bids), min(asks)) == (110010, 110020)
            assert len(bids) == len(asks) == euro.trade.permissions_bookdepth
            venue.quote(1.10011, 1.10021)
            (second,) = (await pushes(terminal))[0].value
            assert second.books_flags == (2 if how == "snapshot" else 0)
            kept = {(one.book_type, one.price): one.volume for one in book.levels}
            if how == "snapshot":
                kept = {}
            for one in second.levels:  # docs/protocol.md 5.5
                key = (one.book_type, one.price)
                kept[key] = kept.get(key, 0) + one.volume if one.volume else 0
            best = [price for (side, price), volume in kept.items() if side == 2 and volume > 0]
            assert max(best) == 110011
            await terminal.ask(22, [])
            venue.quote(1.10012, 1.10022)
            assert await pushes(terminal) == []
            await terminal.ask(22, [euro.symbol_id])
            ((book,),) = [push.value for push in await pushes(terminal)]
            assert max(one.price for one in book.levels if one.book_type == 2) == 110012


@pytest.mark.parametrize("how", ["snapshot", "differences"])
async def test_a_book_is_told_at_once_and_takes_nothing_from_its_other_readers(how: str) -> None:
    async with (
        running(protocol={"book": how}) as venue,
        venue.terminal(HEDGE) as early,
        venue.terminal(NET) as late,
    ):
        euro = await full_symbol(early, "EURUSD")
        kept: dict[Terminal, dict[tuple[int, int], int]] = {early: {}, late: {}}

        async def told(terminal: Terminal) -> int:
            """Applies what came as docs/protocol.md 5.5 has it; how many pushes that were."""
            came = [push for push in await pushes(terminal) if push.command == 23]
            for book in (one for push in came for one in push.value):
                if book.books_flags & 2:
                    kept[terminal].clear()
                for level in book.levels:
                    key = (level.book_type, level.price)
                    total = kept[terminal].pop(key, 0) + level.volume
                    if level.volume and total > 0:
                        kept[terminal][key] = total
            return len(came)

        await early.ask(22, [euro.symbol_id])
        assert await told(early) == 1
        # A change of what a lot is changes the volumes of the book, told with its next tick.
        venue.control("spec", symbol="EURUSD", changes={"trade_contract_size": 50_000.0})
        await late.ask(22, [euro.symbol_id])
        assert (await told(late), await told(early)) == (1, 0)
        venue.quote(1.10000, 1.10010)
        assert (await told(late), await told(early)) == (1, 1)
        assert kept[late] == kept[early]
        assert max(price for side, price in kept[late] if side == 2) == 110000


async def test_history_windows() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:

        async def window(start: int, end: int) -> tuple[list[int], list[int]]:
            found: History = await terminal.ask(5, HistoryRequest(start, end))
            return [one.deal for one in found.deals], [one.trade_order for one in found.orders]

        opened = SERVER_START_S
        await venue.clock.advance(60_000)
        await terminal.buy()
        await venue.clock.advance(60_000)
        await terminal.buy()
        assert await window(0, 0) == ([101, 105, 106], [1, 2])
        assert await window(opened + 60, 0) == ([105, 106], [1, 2])
        assert await window(opened + 61, opened + 120) == ([106], [2])
        assert await window(opened, opened + 119) == ([101, 105], [1])
        assert await window(opened + 121, 0) == ([], [])
        assert await window(1, 2) == ([], [])


async def test_the_end_of_a_history_window_by_the_switches() -> None:
    """The clock is set back behind a deal: it then lies ahead of the present."""

    async def deals(terminal: Terminal, start: int, end: int) -> list[int]:
        found: History = await terminal.ask(5, HistoryRequest(start, end))
        return [one.deal for one in found.deals]

    at = SERVER_START_S + 60
    for how, found in (("inclusive", [101, 105]), ("exclusive", [101])):
        async with running(protocol={"history_to": how}) as venue, venue.terminal(HEDGE) as terminal:
            await venue.clock.advance(60_000)
            await terminal.buy()
            assert await deals(terminal, SERVER_START_S, at) == found
            assert await deals(terminal, SERVER_START_S, at + 1) == [101, 105]
    for how, found in (("open", [101, 105]), ("now", [])):
        async with running(protocol={"history_to_zero": how}) as venue, venue.terminal(HEDGE) as terminal:
            await venue.clock.advance(60_000)
            await terminal.buy()
            assert await deals(terminal, SERVER_START_S, 0) == [101, 105]
            venue.control("zone_jump", hours=-1)
            assert await deals(terminal, SERVER_START_S, 0) == found
            assert await deals(terminal, 0, 0) == [101, 105]


async def test_history_selects_orders_by_the_time_of_the_switch() -> None:
    for by, found in (("done", [1]), ("setup", [])):
        async with running(protocol={"history_orders_by": by}) as venue, venue.terminal(HEDGE) as terminal:
            await terminal.trade(terminal.request(5, 2, 0.1, price_order=1.09, type_filling=2))
            await venue.clock.advance(60_000)
            await terminal.trade(terminal.request(8, 2, 0.1, trade_order=1, price_order=1.09))
            history = await terminal.ask(5, HistoryRequest(SERVER_START_S + 30, 0))
            assert [one.trade_order for one in history.orders] == found


async def test_history_selects_deals_by_the_time_of_the_switch() -> None:
    for by, found in (("create", []), ("update", [101])):
        async with running(protocol={"history_deals_by": by}) as venue, venue.terminal(HEDGE) as terminal:
            await venue.clock.advance(60_000)
            venue.control("amend_deal", login=HEDGE, deal=101, changes={"comment": "checked"})
            history = await terminal.ask(5, HistoryRequest(SERVER_START_S + 30, 0))
            assert [one.deal for one in history.deals] == found


async def test_rates_are_bars_of_the_ticks_sent() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        for bid in (1.10050, 1.09950, 1.10020):
            venue.quote(bid, round(bid + 0.0001, 5))
        start = SERVER_START_S
        (bar,) = await terminal.ask(11, RatesRequest("EURUSD", 1, start, start + 59))
        assert (bar.time, bar.open, bar.high, bar.low, bar.close) == (start, 1.1, 1.1005, 1.0995, 1.1002)
        assert bar.tick_volume == 4
        day = await terminal.ask(11, RatesRequest("EURUSD", 16385, start - 86_400, start))
        assert [one.time % 3600 for one in day] == [0] * len(day) != []
        assert await terminal.ask(11, RatesRequest("NOPE", 1, 0, start)) == []
        assert await terminal.ask(11, RatesRequest("EURUSD", 77, 0, start)) == []


async def test_no_more_bars_than_the_switch_allows() -> None:
    async with running(protocol={"max_bars": 3}) as venue, venue.terminal(HEDGE) as terminal:
        bars = await terminal.ask(11, RatesRequest("EURUSD", 1, 0, SERVER_START_S))
        assert [one.time for one in bars] == [SERVER_START_S - 120, SERVER_START_S - 60, SERVER_START_S]


async def test_spreads_links_and_the_risk_warning() -> None:
    leg = SpreadLeg(trade_symbol="EURUSD", spread_ratio=1.0)
    groups = (
        SpreadGroup(spreads=[Spread(1, legs_a=[leg], legs_b=[replace(leg, trade_symbol="USDJPY")])]),
        SpreadGroup(spreads=[Spread(2, legs_a=[replace(leg, trade_symbol="GBPUSD")])]),
    )
    links = (Link(1, "https://example.com", "Help"),)
    async with (
        running(spreads=groups, links=links, protocol={"permissions_flags": 16}) as venue,
        venue.terminal(HEDGE) as terminal,
    ):
        euro = await full_symbol(terminal, "EURUSD")
        assert [one.spreads[0].spread_id for one in await terminal.ask(20, [euro.symbol_id])] == [1]
        assert await terminal.ask(20, []) == []
        assert [(one.url, one.label) for one in await terminal.ask(44)] == [("https://example.com", "Help")]
        assert (await terminal.ask(3)).main.permissions_flags == 16
        assert await terminal.ask(42, Notify(1)) is None


async def test_a_demo_account_is_opened_and_trades() -> None:
    async with running() as venue:
        async with venue.terminal() as visitor:
            await visitor.ask(29, Init())
            assert (await visitor.ask(41)).trader_currency == "USD"
            need = await visitor.ask(27, Verification(5687, bytes(16), Opening(name="Ann Bee")))
            assert (need.email, need.phone) == (0, 0)
            found = await visitor.ask(40, Opening(name="Ann Bee"))
            assert (found.email, found.phone) == (1, 1)
            opening = Opening(name="Ann Bee", group="demo\\netting-eur", deposit=5000.5, leverage=50)
            opened: OpenResult = await visitor.ask(30, opening)
            assert (opened.code, opened.login) == (0, 2001)
            real: OpenResult = await visitor.ask(39, RealOpening(Opening(name="Cy Dee", deposit=1.0)))
            assert (real.code, real.login) == (0, 2002)
            assert isinstance(await visitor.reply(44), Answer)
        async with venue.terminal(2001, opened.password) as owner:
            main = (await owner.ask(3)).main
            assert (main.balance, main.account_currency, main.margin_mode) == (5000.5, "EUR", 0)
            assert (main.margin_leverage, main.account_name) == (50, "Ann Bee")
            assert await owner.buy() == 0
            assert (await owner.push(19)).result.retcode == 10009
        async with venue.terminal(2001, opened.investor_password) as investor:
            assert (await investor.ask(3)).main.rights == 8


@pytest.mark.parametrize(
    ("demo", "opening", "code"),
    [
        (DemoSettings(enabled=False), Opening(deposit=1.0), 1025),
        (DemoSettings(), Opening(deposit=float("nan")), 10013),
        (DemoSettings(), Opening(deposit=-1.0), 10013),
        (DemoSettings(), Opening(deposit=1e300), 10013),
        (DemoSettings(), Opening(leverage=2**32 - 1), 10013),
    ],
)
async def test_a_demo_account_that_is_not_opened(demo: DemoSettings, opening: Opening, code: int) -> None:
    async with running(demo=demo) as venue, venue.terminal() as visitor:
        await visitor.ask(29, Init())
        assert (await visitor.ask(30, opening)).code == code
        assert len(venue.venue.accounts) == 4


VISITORS = {27: Verification(), 30: Opening(), 39: RealOpening(), 40: Opening(), 41: None}
TRADERS: dict[int, Any] = {
    3: None, 4: None, 5: ALL, 6: None, 7: [], 9: None, 11: RatesRequest("EURUSD", 1, 0, 1), 18: [], 20: [],
    22: [], 34: None, 42: Notify(1), 44: None, 51: None,
}  # fmt: skip


async def test_every_command_is_answered() -> None:
    """Of docs/protocol.md 3 those that ask; 0, 12, 24, 28, 29, 43 have tests of their own."""
    async with running() as venue:
        async with venue.terminal() as visitor:
            await visitor.ask(29, Init())
            for command, value in VISITORS.items():
                assert isinstance(await visitor.reply(command, value), Answer), command
        async with venue.terminal(HEDGE) as trader:
            for command, value in TRADERS.items():
                assert isinstance(await trader.reply(command, value), Answer), command
            assert isinstance(await trader.reply(2), Answer)
            await venue.gone()


async def unknown(terminal: Terminal, command: int) -> None:
    await terminal.websocket.send_message(terminal.session.seal(command, None, b"what?"))


@pytest.mark.parametrize("command", [21, 25, 33, 37, 50, 52, 100, 112, 65535])
async def test_an_unknown_command_is_answered_empty(command: int) -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await unknown(terminal, command)
        answer = await terminal.receive()
        assert (answer.command, terminal.frames[-1].code, terminal.frames[-1].body) == (command, 0, b"")
        assert await terminal.ask(4) == OpenTrades()


async def test_an_unknown_command_by_the_other_switches() -> None:
    async with running(protocol={"unknown": "silence"}) as venue, venue.terminal(HEDGE) as terminal:
        for _ in range(300):  # more than may be unanswered at once
            await unknown(terminal, 52)
        assert await terminal.settled() == []
    async with running(protocol={"unknown": "close"}) as venue, venue.terminal(HEDGE) as terminal:
        await unknown(terminal, 52)
        assert (await terminal.receive()).command == 52
        await venue.gone()


async def test_requests_out_of_their_state_change_nothing() -> None:
    async with running() as venue, venue.terminal() as terminal:
        await terminal.websocket.send_message(terminal.session.seal(4, None, b""))
        await terminal.websocket.send_message(terminal.session.seal(0, None, bytes(64)))
        await terminal.login(HEDGE)
        assert [(one.command, getattr(one, "code", 0)) for one in terminal.heard] == [
            (0, 0),
            (4, 1),
            (0, 1),
            (28, 0),
        ]
        assert venue.control("connections") == [{"session": 1, "login": HEDGE, "dropped": 2}]


async def test_a_body_that_is_none_is_refused_and_the_session_goes_on() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await terminal.websocket.send_message(terminal.session.seal(12, None, b"short"))
        answer = await terminal.receive()
        assert (answer.command, terminal.frames[-1].code) == (12, 1)
        assert await terminal.buy() == 0
        last = [one for one in venue.control("truth")["requests"] if one["command"] == 12]
        assert [one["hex"][:10] for one in last] == [b"short".hex(), "e803000003"]
