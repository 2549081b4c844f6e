"""TC-R10: a start without a way to the venue: what is known is answered, and nothing is traded."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from nats.errors import NoRespondersError

from tests.flows.pieces import UNHURRIED
from tests.flows.system import HEDGE, System, system, until
from tests.flows.trader import Line, Trader

pytestmark = pytest.mark.slow
BOOKS = ("positions", "orders", "account", "deals", "commands")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("offline"), UNHURRIED) as found:
        found.venue.control("feed", on=False)
        yield found


def answered(up: System, what: str) -> dict[str, Any]:
    """A reply, as soon as somebody answers."""

    def ask() -> dict[str, Any] | None:
        with suppress(NoRespondersError):
            found: dict[str, Any] = up.ask(HEDGE, what, b'{"limit": 1000}' if what in LISTS else b"")
            return found
        return None

    return dict(until(ask))


LISTS = ("positions", "orders", "deals", "commands")


def facts(reply: dict[str, Any]) -> Any:
    """What follows from the journal alone."""
    if "balance" in reply:
        return reply["balance"], reply["credit"]
    rows = next(value for value in reply.values() if isinstance(value, list))
    exact = (
        "position",
        "order",
        "deal",
        "command",
        "symbol",
        "side",
        "type",
        "volume",
        "price",
        "sl",
        "status",
    )
    return [{name: row[name] for name in exact if name in row} for row in rows]


def test_tc_r10_without_a_network_the_log_answers_flagged_stale_and_nothing_is_traded(up: System) -> None:
    with Line(up.nats.url) as line:
        trader = Trader(up, line, HEDGE)
        trader.quote(1.1, 1.1001)
        held = trader.submit("buy", "0.10", sl="1.05")
        placed = trader.submit("buy", "0.20", type="limit", price="1.06")
        assert (held["status"], placed["status"]) == ("filled", "working")
        trader.agrees()
        before = {what: answered(up, what) for what in BOOKS}
        assert {one["stale"] for one in before.values()} == {False}
        hashed = up.ask(HEDGE, "state")["state_hash"]
        assert up.daemon.stop() == 0
        up.venue.end()
        up.daemon.start()

        after = {what: answered(up, what) for what in BOOKS}
        assert {what: facts(one) for what, one in after.items()} == {
            what: facts(one) for what, one in before.items()
        }
        assert {one["stale"] for one in after.values()} == {True}
        state = answered(up, "state")
        assert (state["link"], state["state"], state["permission"]) == ("connecting", "connecting", "active")
        assert state["state_hash"] == hashed
        for verb, fields in (
            ("submit", {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}),
            ("close", {"position": held["position"]}),
            ("cancel", {"order": placed["order"]}),
        ):
            denied = trader.command(verb, **fields)
            assert (denied["status"], denied["reasons"][0]["code"]) == ("denied", "venue_unavailable")
        assert up.operate(HEDGE, "reconcile")["reasons"][0]["code"] == "venue_unavailable"

        up.venue.start()  # and as soon as it is there again
        up.venue.control("feed", on=False)
        up.daemon.until_ready()
        trader.agrees()
        assert len(trader.sent()) == 2
        assert answered(up, "positions")["stale"] is False
