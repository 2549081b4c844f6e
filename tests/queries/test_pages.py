"""Lists that are too long for a reply come in pages: every row once, none cut off in silence."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from oms.domain.events import AnomalySeen, OrderPlaced
from oms.queries import Listed

from .scene import Account, at, bought, specification

D = Decimal
MOST = 512 * 1024


async def pages(account: Account, what: str, rows: str, **request: Any) -> list[list[Any]]:
    """All of them, in both formats; each within bounds."""
    found = []
    while True:
        reply = await account.asked(what, request)
        packed = await account.asked(
            what, msgspec.msgpack.encode(request), **{"Content-Type": "application/msgpack"}
        )
        assert len(reply.payload) <= MOST
        assert len(packed.payload) <= MOST
        page = json.loads(reply.payload)
        assert msgspec.msgpack.decode(packed.payload) == page
        found.append(page[rows])
        if page["next"] is None:
            return found
        request["after"] = page["next"]


def flat(found: list[list[Any]], name: str) -> list[Any]:
    return [row[name] for page in found for row in page]


@pytest.mark.trio
async def test_pages_by_count(account: Account) -> None:
    account.record(*(bought(number, "EURUSD", "0.01", "1.08", 5) for number in range(10, 20)))
    found = await pages(account, "deals", "deals", limit=4)
    assert [len(page) for page in found] == [4, 4, 4, 1]
    assert flat(found, "deal") == ["1", "2", "3", *map(str, range(10, 20))]
    # by number, not by letter
    assert flat(await pages(account, "positions", "positions", limit=5), "position") == [
        *("1002", "1003"),
        *(str(1000 + number) for number in range(10, 20)),
    ]


@pytest.mark.trio
async def test_history_goes_from_orders_over_to_deals(account: Account) -> None:
    found, after = [], None
    while True:
        page = await account.ask("history", {"limit": 1} | ({"after": after} if after else {}))
        found.append(([one["order"] for one in page["orders"]], [one["deal"] for one in page["deals"]]))
        if (after := page["next"]) is None:
            break
    assert found == [(["1002"], []), ([], ["1"]), ([], ["2"]), ([], ["3"])]


@pytest.mark.slow
@pytest.mark.trio
async def test_pages_by_bytes(account: Account) -> None:
    text = "x" * 2000
    account.record(
        *(
            OrderPlaced(
                str(number), symbol="EURUSD", state="placed", volume=D("1.00"), comment=text, setup_at=at(5)
            )
            for number in range(2000, 2500)
        )
    )
    account.symbols = [Listed(f"S{number:04}", f"Shares\\{text}") for number in range(600)]
    orders = await pages(account, "orders", "orders", limit=1000)
    assert flat(orders, "order") == ["1010", *map(str, range(2000, 2500))]
    assert len(orders) > 2
    listed = await pages(account, "symbols", "listed", limit=1000)
    assert flat(listed, "symbol") == ["EURUSD", *(f"S{number:04}" for number in range(600)), "USDJPY"]
    assert len(listed) > 2


@pytest.mark.slow
@pytest.mark.trio
async def test_positions_without_a_value_are_counted_beyond_a_thousand(account: Account) -> None:
    account.record(*(bought(number, "EURUSD", "0.01", "1.08", 5) for number in range(5000, 6500)))
    found = await pages(account, "pnl", "positions", limit=1000)
    assert len(flat(found, "position")) == 1502
    floating = (await account.ask("pnl"))["floating"]
    assert (len(floating["unvalued"]), floating["unvalued_count"]) == (1000, 1502)


@pytest.mark.trio
async def test_large_events_come_by_few(account: Account) -> None:
    account.record(*(AnomalySeen("odd", value="x" * 220_000) for _ in range(3)))
    found = await pages(account, "events", "events", type="anomaly.seen", after=12)
    assert [len(page) for page in found] == [1, 1, 1]


@pytest.mark.trio
async def test_what_is_too_large_and_has_no_pages_is_told(account: Account) -> None:
    names = [f"S{number}" for number in range(50)]
    account.venue.specifications = {
        name: specification(name, "EUR", "USD", description="x" * 20_000) for name in names
    }
    assert await account.refused("symbols", {"symbols": names}) == (400, "too_large", None)
    assert len((await account.ask("symbols", {"symbols": names[:20]}))["symbols"]) == 20


@pytest.mark.trio
async def test_events_are_the_bytes_of_the_journal(account: Account) -> None:
    reply = await account.asked("events", {"after": 4, "until": 6})
    with closing(sqlite3.connect(account.path)) as connection:
        rows = [
            body for (body,) in connection.execute("SELECT body FROM event WHERE seq IN (5, 6) ORDER BY seq")
        ]
    assert reply.payload == b'{"account":"main","seq":12,"events":[' + b",".join(rows) + b'],"next":null}'


@pytest.mark.trio
async def test_events_by_type_symbol_time_and_then(account: Account) -> None:
    async def seqs(**request: object) -> list[int]:
        return [one["seq"] for one in (await account.ask("events", request))["events"]]

    assert await seqs(type="deal.booked") == [6, 8, 9]
    assert await seqs(types=["account.*", "ledger.opened"]) == [1, 2, 5, 12]
    assert await seqs(symbol="USDJPY") == [4, 9, 10]
    assert await seqs(since="2026-11-21T10:00:09Z", before="2026-11-21T10:00:11Z") == [10, 11]
    assert await seqs(type="deal.booked", as_of=8) == [6, 8]
    assert await seqs(type="deal.booked", as_of="2026-11-21T10:00:05Z") == [6]
    assert await seqs(after=11, until=400) == [12]
    first = await account.ask("events", {"type": "deal.booked", "limit": 2})
    assert ([one["seq"] for one in first["events"]], first["next"]) == ([6, 8], 8)
    assert await seqs(type="deal.booked", limit=2, after=8) == [9]
