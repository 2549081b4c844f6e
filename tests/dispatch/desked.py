"""A desk over an account that is held against a paper venue, in the test's own Trio."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import trio

from oms.daemon.trading import margined
from oms.dispatch.alive import Alive
from oms.dispatch.desk import Desk
from oms.dispatch.intake import Intake
from oms.dispatch.operators import Operators
from oms.dispatch.options import Options, Pace
from oms.dispatch.publishing import Publishing
from oms.domain.decide import Policy
from oms.domain.events.command import Reason
from oms.sessions.link import Limits
from tests.ingest.held import Held, held
from tests.paper.running import HEDGE, Running

D = Decimal
# The venue's clock stands still between ticks, so a quote never ages; answers and outcomes come at once.
QUICK = Options(
    wait_s=5.0,
    answer_s=0.5,
    outcome_s=0.5,
    rate=10_000,
    burst=10_000,
    policy=Policy(quote_age_s=600),
    pace=Pace(spacing_s=0.05, last_s=1.0, accepted_s=3.0, again_s=0.1, warning_s=1.0),
)


class Desked:
    """An account that trades."""

    def __init__(self, keeper: Held, venue: Running, desk: Desk, nursery: trio.Nursery) -> None:
        self.held, self.venue, self.desk = keeper, venue, desk
        self.dead: list[tuple[str, tuple[Reason, ...]]] = []
        self.intake = Intake(desk, require_client_subject=False, dead=self._bury)
        self.alive = Alive(desk)
        self.operators = Operators("main", [desk], nursery, alone=True, switches={"main": self.alive})

    async def _bury(
        self, what: str, payload: bytes, headers: Mapping[str, str], reasons: tuple[Reason, ...]
    ) -> None:
        self.dead.append((what, reasons))

    async def ask(self, what: str, payload: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """The reply to a command, as JSON."""
        body = json.dumps(fields).encode() if payload is None else payload
        reply = await self.intake.request(what, {}, body)
        found: dict[str, Any] = json.loads(reply.payload)
        return found

    async def buy(self, volume: str = "0.10", **fields: Any) -> dict[str, Any]:
        """A market order of EURUSD."""
        usual = {"symbol": "EURUSD", "side": "buy", "volume": volume}
        return await self.ask("submit", **(usual | fields))

    async def operate(self, verb: str, **fields: Any) -> dict[str, Any]:
        """The reply to an operator."""
        reply = await self.operators.request(verb, {}, json.dumps(fields).encode())
        found: dict[str, Any] = json.loads(reply.payload)
        return found

    def requests(self) -> list[dict[str, Any]]:
        """The trade requests that arrived at the venue."""
        truth = self.venue.control("truth")
        return [one for one in truth["requests"] if one["command"] == 12 and not one.get("lost")]

    def types(self, *kinds: str) -> list[str]:
        """Types of the journal's events of commands, in order."""
        return [one for one in self.held.types() if one.startswith(kinds or ("command.",))]

    def fault(self, do: str, **fields: Any) -> None:
        """Arm one."""
        self.venue.control("fault", fault={"do": do, **fields})

    async def until_ready(self) -> None:
        await self.held.until(lambda: self.held.account.standing.link == "ready")


@asynccontextmanager
async def desked(
    venue: Running,
    folder: Path,
    *,
    login: int = HEDGE,
    options: Options = QUICK,
    seed: int = 1,
    publishing: Publishing | None = None,
    behind_ns: Callable[[], int] = lambda: 0,
    nats_away: Callable[[], bool] = lambda: False,
    **more: Any,
) -> AsyncIterator[Desked]:
    """The account ready, and its desk open; the desk's clock is so far behind the venue's."""
    found: list[Desked] = []

    async def before(keeper: Held, nursery: trio.Nursery) -> None:
        account = keeper.account
        desk = Desk(
            account,
            options,
            lambda: venue.clock.now * 1_000_000 - behind_ns(),
            nursery,
            margined=lambda verb, facts, books: margined(account, verb, facts, books),
            told=lambda what, detail: keeper.told.append((what, detail)),
            chance=Random(seed),
            publishing=publishing,
            nats_away=nats_away,
        )
        await desk.open()
        found.append(Desked(keeper, venue, desk, nursery))

    limits = more.pop("limits", Limits(answer_s=2.0))
    async with held(venue, folder, login=login, before=before, limits=limits, **more) as keeper:
        await keeper.until(lambda: keeper.account.standing.link == "ready")
        await keeper.until(lambda: keeper.account.feed.board.get("EURUSD") is not None)
        yield found[0]


def quicker(**changes: Any) -> Options:
    """Other options."""
    return QUICK._replace(**changes)


def codes(reply: dict[str, Any]) -> list[str]:
    """Why it was denied."""
    return [one["code"] for one in reply["reasons"]]


__all__ = ["QUICK", "D", "Desked", "codes", "desked", "quicker"]
