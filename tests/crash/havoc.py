"""What goes wrong: the daemon killed, the venue's connection cut and garbled, NATS restarted."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from tests.nats import Server

from .processes import Daemon, Venue

PACE_S: Final = 5.0  # from kill to kill, on average; never more than 6
LEAST_S, MOST_S = 2.5, 12.0  # that a life may last
STOPPED_BY: Final = ("stop.", "snapshot.")  # points that only a daemon comes to which is told to end
OFTEN: Final = {"turn": 30, "outbox": 12, "start": 3, "request": 4, "command": 4, "reply": 4}
TRADE, TRANSACTIONS, RESULT, LOGIN = 12, 10, 19, 28
# What the venue's faults do to one message each (docs/rehearse.md), with how often it is drawn.
FAULTS: Final[Sequence[tuple[int, dict[str, Any]]]] = (
    (4, {"do": "lose", "on": "request", "command": TRADE}),
    (4, {"do": "lose", "on": "answer", "command": TRADE}),
    (3, {"do": "lose", "on": "push", "command": TRANSACTIONS}),
    (3, {"do": "lose", "on": "push", "command": RESULT}),
    (3, {"do": "duplicate", "on": "push", "command": TRANSACTIONS}),
    (2, {"do": "duplicate", "on": "push", "command": RESULT}),
    (2, {"do": "duplicate", "on": "answer", "command": TRADE}),
    (2, {"do": "delay", "on": "answer", "command": TRADE, "seconds": 1.0}),
    (2, {"do": "delay", "on": "push", "command": TRANSACTIONS, "seconds": 1.5}),
    (1, {"do": "delay", "on": "answer", "command": TRADE, "seconds": 7.0}),
    (2, {"do": "swap", "on": "push"}),
    (2, {"do": "garbage", "bytes": 40}),
    (2, {"do": "garbage", "bytes": 300, "on": "push"}),
    (2, {"do": "truncate", "on": "push", "command": TRANSACTIONS, "bytes": 50}),
    (2, {"do": "truncate", "on": "answer", "command": TRADE, "bytes": 2}),
    (3, {"do": "abort_after", "on": "push", "command": TRANSACTIONS, "bytes": 20}),
    (3, {"do": "abort", "on": "answer", "command": TRADE}),
    (2, {"do": "abort", "on": "request", "command": TRADE}),
    (2, {"do": "close", "on": "push"}),
    (1, {"do": "half_open", "on": "push"}),
    (2, {"do": "slow_dealer", "on": "request", "command": TRADE, "seconds": 2.0}),
    (2, {"do": "push_first", "on": "request", "command": TRADE}),
    (2, {"do": "retcode", "on": "answer", "command": TRADE, "retcode": 10012}),
    (2, {"do": "retcode", "on": "push", "command": RESULT, "retcode": 10011}),
    (1, {"do": "action_id", "on": "push", "command": RESULT, "action_id": 77}),
    (1, {"do": "refuse", "on": "request", "command": LOGIN, "code": 2}),
    (1, {"do": "refuse", "on": "request", "command": TRADE, "code": 2}),
    (1, {"do": "refuse_ticket", "on": "request", "command": LOGIN}),
)
# What is done to the venue at once, with its fields.
DEEDS: Final[Sequence[tuple[int, str, dict[str, Any]]]] = (
    (3, "abort", {}),
    (2, "close", {}),
    (1, "half_open", {}),
    (2, "reject_next", {"retcode": 10006}),
    (1, "reject_next", {"retcode": 10019}),
    (2, "requote_next", {}),
    (2, "slow_next", {"ms": 1500}),
    (1, "link", {"state": 1, "seconds": 2}),
    (1, "deposit", {"login": 1001, "amount": "100"}),
    (1, "deposit", {"login": 1002, "amount": "100"}),
)


class Killer:
    """Starts the daemon and kills it: at each named point in turn, and at instants drawn by chance."""

    def __init__(self, daemon: Daemon, points: Sequence[str], chance: Random) -> None:
        self.kills = 0
        self.reached: Counter[str] = Counter()  # points at which it died
        self.ended: list[str] = []  # what should not have happened: ends of its own
        self.lives: list[str] = []  # each in words: when, how long, what for, how it ended
        self._daemon, self._chance = daemon, chance
        self._names = frozenset(points)
        self._drawn = self._points(points)
        self._began = time.monotonic()
        self._tried = Counter[str]()  # points that it did not come to, in lives that were to end there

    async def run(self, seconds: float, *, every_point: bool = False) -> None:
        """For so long, and to the end of the last life; `every_point`: or until it died once at each."""
        self._began = time.monotonic()
        while time.monotonic() - self._began < seconds and not (every_point and self.missed == frozenset()):
            point = next(self._drawn)
            if every_point and (not point or self.reached[point]):
                continue
            began, died = time.monotonic(), self.reached[point]
            await self._live(point, patient=every_point)
            how = "reached" if self.reached[point] > died else "killed"
            self._tried[point] += how == "killed"
            lasted = time.monotonic() - began
            self.lives.append(f"{began - self._began:.1f} s: {lasted:.1f} s, {how} {point}".rstrip())

    @property
    def missed(self) -> frozenset[str]:
        """Points at which it never died."""
        return self._names - self.reached.keys()

    def _points(self, points: Sequence[str]) -> Iterator[str]:
        """In any order all, those missed so far twice, with "" = no point between them; again and again."""
        while True:
            missed = sorted(self.missed) if any(self.reached) else []
            bag = [*points, *missed, *[""] * (len(points) // 2)]
            self._chance.shuffle(bag)
            yield from bag

    def _life_s(self) -> float:
        """How long the next life may last so that the pace is kept."""
        spare = PACE_S * (self.kills + 1) - (time.monotonic() - self._began)
        return min(max(spare, LEAST_S), MOST_S)

    async def _live(self, point: str, *, patient: bool = False) -> None:
        """`patient`: a point that it did not come to before has longer for it, on a slow machine too."""
        life_s = self._life_s()
        if patient and not point.startswith(STOPPED_BY):
            life_s = max(life_s, MOST_S * min(self._tried[point], 4))
        if not point:
            await self._daemon.start()
            if self._chance.random() > 0.2:  # else it lives as long as it may
                life_s = min(life_s, self._chance.expovariate(1 / 2.5))
            await self._kill_after(life_s, "")
            return
        times = self._chance.randint(1, OFTEN.get(point.partition(".")[0], 1))
        await self._daemon.start(OMS_FAILPOINT=f"{point}:{times}")
        if point.startswith(STOPPED_BY):
            await self._stop_after(life_s, point)
        else:
            await self._kill_after(life_s, point)

    async def _stop_after(self, life_s: float, point: str) -> None:
        code = await self._daemon.exited(life_s)
        if code is None:
            code = await self._daemon.end(signal.SIGTERM)
            if code == 0:
                return
        self._note(code, point)

    async def _kill_after(self, life_s: float, point: str) -> None:
        code = await self._daemon.exited(life_s)
        if code is None:
            await self._daemon.end(signal.SIGKILL)
            self.kills += 1
        else:
            self._note(code, point)

    def _note(self, code: int, point: str) -> None:
        """It ended by itself."""
        if code == -signal.SIGKILL and point:
            self.kills += 1
            self.reached[point] += 1
        else:
            self.ended.append(f"exit code {code}, at {point or 'no point'}")


async def trouble(venue: Venue, chance: Random, done: Counter[str]) -> None:
    """Arm a fault of the venue every now and then, or do something to it; for ever."""
    while True:
        await asyncio.sleep(chance.uniform(0.3, 3.0))
        if chance.random() < 0.3:
            _, do, fields = chance.choices(DEEDS, [weight for weight, *_ in DEEDS])[0]
            await venue.ask(do, **fields)
            done[do] += 1
        else:
            _, fault = chance.choices(FAULTS, [weight for weight, _ in FAULTS])[0]
            await venue.ask("fault", fault=fault)
            done[
                "fault " + " ".join(str(fault[name]) for name in ("do", "on", "command") if name in fault)
            ] += 1


async def restarts(server: Server, chance: Random, done: Counter[str]) -> None:
    """Restart NATS with its store every now and then, for ever; it runs when this is cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(10, 30))
        restart = asyncio.create_task(_restart(server, chance.uniform(0.1, 3.0)))
        try:
            await asyncio.shield(restart)
        except asyncio.CancelledError:
            await restart
            raise
        done["nats restarted"] += 1


async def _restart(server: Server, away_s: float) -> None:
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(server.start)


async def calm(venue: Venue) -> None:
    """No fault is armed any more, no price moves: from now on only what has begun goes on."""
    await venue.ask("clear_faults")
    await venue.ask("feed", on=False)
