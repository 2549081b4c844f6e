"""Queries of the market: quotes with their age, specifications, candles."""

import pytest

from protocol.records.market import Rate

from .scene import NOON, OFFSET, SERVER_NOON_MS, Account

SERVER_NOON = NOON + OFFSET
MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.trio
async def test_quotes_have_two_ages(account: Account) -> None:
    # asked at noon + 1.5 s, 101 s by the monotonic clock
    account.quotes.put("EURUSD", 1.08101, 1.08103, time=SERVER_NOON_MS + 1250, received=100.75, volume=0.5)
    (quote,) = (await account.ask("quotes", {"symbol": "EURUSD"}))["quotes"]
    assert quote == {
        "symbol": "EURUSD",
        "time": SERVER_NOON_MS + 1250,
        "bid": 1.08101,
        "ask": 1.08103,
        "last": None,
        "volume": 0.5,
        "delayed": False,
        "age": 0.25,
        "since_receipt": 0.25,
    }


@pytest.mark.trio
async def test_quotes_of_many_and_of_all(account: Account) -> None:
    for name in ("USDJPY", "EURUSD", "GBPUSD"):
        account.quotes.put(name, 1.0, 0.0, delayed=name == "GBPUSD")

    reply = await account.ask("quotes", {"symbols": ["USDJPY", "XAUUSD", "EURUSD", "USDJPY"]})
    assert [one["symbol"] for one in reply["quotes"]] == ["EURUSD", "USDJPY"]
    assert reply["missing"] == ["XAUUSD"]
    assert reply["quotes"][0]["ask"] is None
    everything = await account.ask("quotes")
    assert [(one["symbol"], one["delayed"]) for one in everything["quotes"]] == [
        ("EURUSD", False),
        ("GBPUSD", True),
        ("USDJPY", False),
    ]
    first = await account.ask("quotes", {"limit": 2})
    assert first["next"] == "GBPUSD"
    assert [one["symbol"] for one in (await account.ask("quotes", {"after": "GBPUSD"}))["quotes"]] == [
        "USDJPY"
    ]


@pytest.mark.trio
async def test_a_symbol_may_be_called_otherwise(account: Account) -> None:
    account.aliases = {"EUR.X": "EURUSD"}
    account.quotes.put("EURUSD", 1.08, 1.09)
    account.quotes.put("GBPUSD", 1.2, 1.3)
    (quote,) = (await account.ask("quotes", {"symbol": "EUR.X"}))["quotes"]
    assert quote["symbol"] == "EURUSD"
    reply = await account.ask("quotes", {"symbols": ["EUR.X", "GBPUSD"]})
    assert [one["symbol"] for one in reply["quotes"]] == ["EURUSD", "GBPUSD"]
    (spec,) = (await account.ask("symbols", {"symbol": "EUR.X"}))["symbols"]
    assert spec["symbol"] == "EURUSD"


@pytest.mark.trio
async def test_a_specification_is_shown_whole(account: Account) -> None:
    (eurusd,) = (await account.ask("symbols", {"symbol": "EURUSD"}))["symbols"]
    assert (eurusd["contract_size"], eurusd["volume_step"], eurusd["digits"]) == ("100000", "0.01", 5)
    assert eurusd["margin_rates_initial"] == ["1", "1", "0", "0", "0", "0", "0", "0"]
    assert eurusd["trade_sessions"][:2] == [[], [[0, 1440]]]


@pytest.mark.trio
async def test_what_the_books_lack_is_asked_of_the_venue(account: Account) -> None:
    reply = await account.ask("symbols", {"symbols": ["EURJPY", "EURUSD"]})
    assert [one["symbol"] for one in reply["symbols"]] == ["EURJPY", "EURUSD"]
    assert await account.refused("symbols", {"symbol": "NOPE"}) == (404, "unknown_symbol", "symbol")
    account.venue.away = "the session is reconnecting"
    assert await account.refused("symbols", {"symbol": "EURJPY"}) == (503, "venue_unavailable", None)
    assert (await account.ask("symbols", {"symbol": "EURUSD"}))["symbols"]


@pytest.mark.trio
async def test_the_list_of_symbols(account: Account) -> None:
    async def names(**request: object) -> list[str]:
        return [one["symbol"] for one in (await account.ask("symbols", request))["listed"]]

    # USDJPY is in the books only
    assert await names() == ["EURUSD", "GBPUSD", "USDJPY"]
    assert await names(mask="Forex\\*USD") == ["EURUSD", "GBPUSD"]
    assert await names(after="EURUSD", limit=1) == ["GBPUSD"]
    assert (await account.ask("symbols", {"limit": 2}))["next"] == "GBPUSD"


def bars(first: int, step: int, count: int) -> list[Rate]:
    return [Rate(first + step * n, 1.08, 1.09, 1.07, 1.08 + n / 1000, 100 + n, 2.5) for n in range(count)]


@pytest.mark.trio
async def test_candles_have_the_servers_time(account: Account) -> None:
    account.venue.bars = bars(SERVER_NOON - HOUR, HOUR, 2)
    reply = await account.ask("rates", {"symbol": "EURUSD", "timeframe": "H1", "count": 1})
    assert reply["rates"] == [
        {
            "time": "2026-11-21T12:00:00+02:00",
            "open": 1.08,
            "high": 1.09,
            "low": 1.07,
            "close": 1.081,
            "tick_volume": 101,
            "real_volume": 2.5,
        }
    ]
    assert reply["next_to"] == "2026-11-21T12:00:00+02:00"
    assert account.venue.asked[0][:2] == ("EURUSD", "H1")


@pytest.mark.trio
async def test_a_window_in_either_clock(account: Account) -> None:
    account.venue.bars = bars(SERVER_NOON - HOUR, 15 * MINUTE, 8)
    for start, end in (
        ("2026-11-21 12:00:00", "2026-11-21 12:30:00"),
        ("2026-11-21T10:00:00Z", "2026-11-21T12:30:00+02:00"),
    ):
        reply = await account.ask("rates", {"symbol": "EURUSD", "timeframe": "M15", "from": start, "to": end})
        assert [one["time"][11:16] for one in reply["rates"]] == ["12:00", "12:15"]
        assert (reply["next_from"], reply["next_to"]) == (None, None)


@pytest.mark.trio
async def test_pages_forward_give_every_bar_once(account: Account) -> None:
    account.venue.bars = bars(SERVER_NOON - DAY, MINUTE, 50)
    request: dict[str, object] = {
        "symbol": "EURUSD",
        "timeframe": "M1",
        "from": "2026-11-20 12:00:00",
        "count": 20,
    }
    seen, pages = [], 0
    while True:
        reply = await account.ask("rates", request)
        seen += [one["tick_volume"] for one in reply["rates"]]
        pages += 1
        if reply["next_from"] is None:
            break
        request["from"] = reply["next_from"]
    assert (seen, pages) == (list(range(100, 150)), 3)


@pytest.mark.trio
async def test_pages_backward_give_every_bar_once(account: Account) -> None:
    account.venue.bars = bars(SERVER_NOON - 400 * DAY, 10 * DAY, 41)  # sparse: a symbol hardly traded
    request: dict[str, object] = {"symbol": "EURUSD", "timeframe": "D1", "count": 15}
    seen: list[int] = []
    while True:
        reply = await account.ask("rates", request)
        seen = [one["tick_volume"] for one in reply["rates"]] + seen
        if reply["next_to"] is None:
            break
        request["to"] = reply["next_to"]
    assert seen == list(range(100, 141))


@pytest.mark.trio
async def test_a_window_of_years_is_asked_for_in_few_spans(account: Account) -> None:
    reply = await account.ask(
        "rates", {"symbol": "EURUSD", "timeframe": "M1", "from": "2001-01-01 00:00:00", "count": 10}
    )
    assert reply["rates"] == []
    assert reply["next_from"] is not None
    spans = [end - start for _, _, start, end in account.venue.asked]
    assert len(spans) == 4
    # as few bars as are wanted, and what pauses take; then wider
    assert spans[0] < 5 * DAY
    assert spans == sorted(spans)


@pytest.mark.trio
async def test_nothing_before_is_the_end(account: Account) -> None:
    reply = await account.ask("rates", {"symbol": "EURUSD", "timeframe": "M1"})
    assert (reply["rates"], reply["next_from"], reply["next_to"]) == ([], None, None)


@pytest.mark.trio
async def test_five_thousand_bars_are_paged_where_they_are_too_many_bytes(account: Account) -> None:
    account.venue.bars = [
        Rate(
            SERVER_NOON - MINUTE * n,
            12345.678901,
            12345.678902,
            12345.678903,
            12345.678904,
            4_000_000_000,
            0.1,
        )
        for n in range(5000)
    ]
    request = {"symbol": "EURUSD", "timeframe": "M1", "count": 5000}
    reply = await account.asked("rates", request)
    assert len(reply.payload) <= 512 * 1024
    last = await account.ask("rates", request)
    assert 1000 < len(last["rates"]) < 5000
    assert last["rates"][-1]["time"] == "2026-11-21T12:00:00+02:00"
    before = await account.ask("rates", request | {"to": last["next_to"]})
    assert before["rates"][-1]["time"] < last["rates"][0]["time"]
    assert len(before["rates"]) + len(last["rates"]) == 5000


@pytest.mark.trio
async def test_numbers_that_are_none_are_null(account: Account) -> None:
    account.venue.bars = [Rate(SERVER_NOON, float("nan"), float("inf"), 1.0, 1.0, 1, 0.0)]
    (bar,) = (await account.ask("rates", {"symbol": "EURUSD", "timeframe": "D1"}))["rates"]
    assert (bar["open"], bar["high"], bar["low"]) == (None, None, 1.0)


@pytest.mark.trio
async def test_candles_of_what_is_not_there(account: Account) -> None:
    request = {"symbol": "NOPE", "timeframe": "M1"}
    assert await account.refused("rates", request) == (404, "unknown_symbol", "symbol")
    account.venue.away = "no session"
    assert await account.refused("rates", request) == (503, "venue_unavailable", None)


@pytest.mark.trio
async def test_sessions_tell_how_the_connection_is(account: Account) -> None:
    assert await account.ask("sessions") == {
        "account": "main",
        "seq": 12,
        "connected": True,
        "authenticated": False,
        "feed_live": False,
        "degraded": False,
        "breakers": {"opening": {"state": "open", "failures": 5, "until": "2026-11-21T10:00:10.000000000Z"}},
        "link": "ready",
        "permission": "active",
        "state": "active",
        "reason": "equal",
        "since": None,
        "round_trip": 0.0125,
        "reconnects": 0,
        "drift": {},
        "last_error": "",
        "subscribed": 3,
        "url": "wss://127.0.0.1/terminal",
    }
