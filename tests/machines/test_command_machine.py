"""The command path under any interleaving: each message of a trade has its fate, drawn by hypothesis.

What is drawn is a script; it runs in a simulation (tests/simulation): the real desk, recorder and journal,
the real wire, a venue in the same process, told time.  After each step nothing may have been sent twice, and
the books are what a rebuild gives; at the end the venue's truth is compared, to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio
from hypothesis import given, note, settings
from hypothesis import strategies as st

from oms.paper.faults import Fault
from tests.simulation.judged import Found
from tests.simulation.scheduling import run
from tests.simulation.world import World

TRADE, TRANSACTIONS, RESULT = 12, 10, 19
# What becomes of a message; that it simply arrives is no fault.
REQUEST = ("", "", "", "lose", "slow_dealer 3", "slow_dealer 40", "abort", "delay 2")
ANSWER = ("", "", "", "lose", "delay 1", "delay 35", "abort", "refuse 2", "retcode 10012", "retcode 10008")
PUSH = ("", "", "", "lose", "delay 1", "delay 20", "delay 70", "duplicate 1", "swap", "abort")
RESULTS = (*PUSH, "retcode 10008", "retcode 10011", "retcode 99999")
FATES = st.tuples(*map(st.sampled_from, (REQUEST, ANSWER, RESULTS, PUSH)))
ON = (("request", TRADE), ("answer", TRADE), ("push", RESULT), ("push", TRANSACTIONS))
NUMBERED = {"retcode": "retcode", "refuse": "code"}  # else seconds


@dataclass(frozen=True)
class Trade:
    """A command of this verb about the n-th position or order, and what becomes of its messages."""

    verb: str
    which: int
    fates: tuple[str, ...]


@dataclass(frozen=True)
class Wait:
    """So many seconds pass."""

    seconds: float


@dataclass(frozen=True)
class Again:
    """The n-th command is sent once more."""

    which: int


@dataclass(frozen=True)
class Happen:
    """The daemon dies and starts again, the connection breaks, somebody asks for a comparison."""

    what: str


VERBS = ("buy", "buy", "sell", "pending", "close", "close", "modify", "move", "cancel", "close_by")
STEPS = st.one_of(
    st.builds(Trade, st.sampled_from(VERBS), st.integers(0, 2), FATES),
    st.builds(Wait, st.sampled_from((0.01, 1.0, 7.0, 31.0, 61.0))),
    st.builds(Again, st.integers(0, 9)),
    st.builds(Happen, st.sampled_from(("death", "cut", "compare"))),
)


def fault_of(fate: str, on: str, command: int) -> Fault:
    do, _, number = fate.partition(" ")
    fields: dict[str, Any] = {NUMBERED.get(do, "seconds"): float(number)} if number else {}
    fields = {name: int(value) if name != "seconds" else value for name, value in fields.items()}
    return Fault(do=do, on=on, command=command, **fields)  # type: ignore[arg-type]


class Scripted(World):
    """A run whose troubles are written down."""

    def __init__(self, seed: int, folder: Path, steps: Sequence[Any]) -> None:
        super().__init__(seed, folder, settled=lambda world: Found(world).judge_settled())
        self._steps = steps

    async def troubled(self) -> None:
        self.network.troubled = False
        async with trio.open_nursery() as nursery:
            await self._begin(nursery)
            for step in self._steps:
                await self._do(step, nursery)
                Found(self).judge()
            await self._end()

    async def _begin(self, nursery: trio.Nursery) -> None:
        await self.start(nursery, None)
        with trio.move_on_after(30):
            while self.process.account.standing.link != "ready":  # noqa: ASYNC110
                await trio.sleep(0.1)

    async def _end(self) -> None:
        self.process.die()
        await self.process.over.wait()

    async def _do(self, step: Any, nursery: trio.Nursery) -> None:
        match step:
            case Trade():
                self._trade(step)
                await trio.sleep(0.5)
            case Wait(seconds):
                await trio.sleep(seconds)
            case Again(which):
                if which < len(self.clients.sent):
                    self.clients.repeat(self.process, list(self.clients.sent.values())[which])
                    await trio.sleep(0.1)
            case Happen("death"):
                await self._end()
                await self._begin(nursery)
            case Happen("cut"):
                self.network.cut()
            case Happen("compare"):
                if self.process.account.conversation is not None:
                    self.process.account.conversation.doubt("operator")

    def _trade(self, trade: Trade) -> None:
        faults = self.venue.server.faults
        faults.clear()
        for fate, (on, command) in zip(trade.fates, ON, strict=True):
            if fate:
                faults.arm(fault_of(fate, on, command))
        verb, body = self._command(trade)
        self.clients.send(self.process, verb, {"client": "desk", "wait": 60, **body})

    def _command(self, trade: Trade) -> tuple[str, dict[str, Any]]:
        books, bid = self.process.books, self.venue.venue.prices["EURUSD"].bid
        positions = [one.position for one in books.positions] or ["77"]
        orders = [one.order for one in books.orders.open()] or ["77"]
        position, order = (found[trade.which % len(found)] for found in (positions, orders))
        usual = {"symbol": "EURUSD", "volume": f"0.{len(self.clients.sent) + 1:02}"}
        match trade.verb:
            case "buy" | "sell" as side:
                return "submit", {**usual, "side": side}
            case "pending":
                return "submit", {**usual, "side": "buy", "type": "limit", "price": f"{bid - 0.01:.5f}"}
            case "modify":
                return "modify", {"position": position, "sl": f"{bid - 0.02 + trade.which / 1000:.5f}"}
            case "move":
                return "modify", {"order": order, "price": f"{bid - 0.02 + trade.which / 1000:.5f}"}
            case "cancel":
                return "cancel", {"order": order}
            case "close_by":
                return "close_by", {"position": position, "position_by": positions[-1]}
        return "close", {"position": position}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 30), steps=st.lists(STEPS, min_size=1, max_size=12))
def test_nothing_lost_nothing_twice_under_any_interleaving(seed: int, steps: list[Any]) -> None:
    with TemporaryDirectory(prefix="machine-") as folder:
        world = Scripted(seed, Path(folder), steps)
        run(seed, world.run)
        note(f"{world.lives} lives, {len(world.clients.sent)} commands, {world.settled_by_hand} by hand")
