"""Commands: from a NATS request to the wire, to its outcome, and how many a second.

Market orders of 0.01 lots, sides in turn, which the venue fills at once.  For latencies they come one after
the other to one of ten accounts, with a pause by chance before each; the ticks are those of all ten.  The
requester is nats-py in a process of its own.  That bytes are on the wire is what the system says of the
gateway's socket: it notes when it had them, however late the gateway reads.  The venue deals by the paper
venue's own desk, in the gateway's process, also while that sends ticks: its time is in the reply.

The reference of the wire is the raw sum, measured in the same rounds with nothing else going on, at the same
pace: a round trip between that requester and a nats-py responder, one durable commit of a row as large as
what a command writes before it is sent, one send of such a request, noted likewise.  For the reply it is the
same with a bare terminal's whole trade in place of the send.  What stands for the daemon has the daemon's
core.  Without pauses everything is faster, caches being warm; that raw sum is told beside it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import cycle
from pathlib import Path
from statistics import mean, median
from typing import Any, Final, NamedTuple

import apsw

from oms.domain.marker import marker_of
from tests.bench.child import AROUND, MEASURED, Child
from tests.bench.gateway import FIRST_LOGIN
from tests.bench.measure import Row, row
from tests.bench.requester import SIDES, order
from tests.bench.rig import DAEMON, Rig, Setting, account_name, rig

ROUNDS: Final = 7
COMMANDS: Final = 400  # one after the other, at most, in a round under each load
COMMANDS_S: Final = 1.5  # for so long, at most
PAUSE_S: Final = 0.004  # between them, at most: so that they keep no step with the ticks
PER_FRAME: Final = 5
RATE: Final = 5000.0  # ticks/s of all accounts together
WARM_S: Final = 0.5
WARM_COMMITS: Final = 2000  # until SQLite's log has begun anew
LOAD_S: Final = 2.0  # longer than COMMANDS_S
CROWDS: Final = 5  # rounds of as many commands as go
CROWD_S: Final = 2.0
ABREAST: Final = 4  # under way in each account then
US: Final = 1e-3  # ns
ACCOUNT: Final = account_name(FIRST_LOGIN)
CLIENT: Final = "default"
ECHO: Final = "bench.echo"
SETTING: Final = Setting(
    trading=True,
    # Trade requests without a pause; quotes do not age where no ticks go.
    limits="trade_rate = 10000\ntrade_burst = 10000\nquote_age = 3600",
    # As the daemon itself decides where the disk is fast; a moment of somebody else's must not decide it.
    committer="inline",
)
WRITTEN: Final = ("command.received", "command.sending")  # in one commit, before anything is sent


class Times(NamedTuple):
    """Of some commands, in us from their request; of the raw parts likewise."""

    wire: list[float]
    reply: list[float]


class Raw(NamedTuple):
    """One of each part, in us."""

    round_trip: list[float]
    commit: list[float]
    send: list[float]
    trade: list[float]  # from the send to the venue's result


class Desk:
    """A daemon that trades, and what is measured beside it."""

    def __init__(self, one: Rig, requester: Child, bare: Child) -> None:
        self.rig = one
        self._requester, self._bare = requester, bare
        self._asked = 0
        self._size = 0

    def warm(self) -> None:
        """Until everything has been done a few times."""
        self.rig.load(PER_FRAME, RATE, WARM_S)
        self.commands()
        self._size = round(mean(written(self.rig.data, ACCOUNT)))
        self._bare.ask(do="commit", count=WARM_COMMITS, size=self._size, pause_s=0)
        self.raw()

    def commands(self, rate: float = 0.0) -> Times:
        """One after the other, of one account, at so many ticks/s; RuntimeError where one is not filled."""
        names = list(self.names())
        requests = [
            (subject(ACCOUNT), order(name, side).decode())
            for name, side in zip(names, cycle(SIDES), strict=False)
        ]
        self.rig.trades()
        with self.rig.loaded(PER_FRAME, rate, LOAD_S) if rate else nullcontext():
            told = self._requester.ask(do="ask", requests=requests, pause_s=PAUSE_S, seconds=COMMANDS_S)
        unfilled = [reply for reply in told["replies"] if json.loads(reply)["status"] != "filled"]
        if unfilled:
            raise RuntimeError(f"{len(unfilled)} of {len(told['replies'])} are not filled: {unfilled[0]}")
        heard = {one.comment: one.at_ns for one in self.rig.trades()}
        wire = [
            (heard[marker_of(ACCOUNT, CLIENT, name)] - asked_ns) * US
            for name, asked_ns in zip(names, told["asked"], strict=False)
        ]
        return Times(wire, _took(told["asked"], told["answered"]))

    def names(self) -> Iterator[str]:
        """New ids for as many as may be asked for."""
        for _ in range(COMMANDS):
            self._asked += 1
            yield f"c{self._asked}"

    def raw(self, pause_s: float = PAUSE_S) -> Raw:
        """Some of each, one after the other."""
        requests = [(ECHO, order(f"r{number}", "buy").decode()) for number in range(COMMANDS)]
        trip = self._requester.ask(do="ask", requests=requests, pause_s=pause_s, seconds=COMMANDS_S)
        commits = self._bare.ask(do="commit", count=COMMANDS, size=self._size, pause_s=pause_s)
        self.rig.trades()
        traded = self._bare.ask(do="trade", count=COMMANDS, pause_s=pause_s)
        heard = [one.at_ns for one in self.rig.trades()]
        return Raw(
            _took(trip["asked"], trip["answered"]),
            [ns * US for ns in commits["took"]],
            _took(traded["sent"], heard),
            _took(traded["sent"], traded["told"]),
        )

    def crowd(self, name: str) -> tuple[float, float]:
        """As many as go: commands a second, us of the daemon's CPU for one."""
        subjects = [subject(account_name(FIRST_LOGIN + one)) for one in range(self.rig.setting.sessions)]
        cpu_s = self.rig.candidate.cpu_s
        told = self._requester.ask(do="trade", subjects=subjects, name=name, seconds=CROWD_S, abreast=ABREAST)
        if set(told["statuses"]) != {"filled"}:
            raise RuntimeError(f"not all commands are filled: {told['statuses']}")
        count = told["commands"]
        return count / told["seconds"], (self.rig.candidate.cpu_s - cpu_s) / count * 1e6


def rows() -> Iterator[Row]:
    """All rows of commands."""
    with desk() as one:
        one.warm()
        raw: list[Raw] = []
        warm: list[Raw] = []
        idle: list[Times] = []
        busy: list[Times] = []
        for _ in range(ROUNDS):
            raw.append(one.raw())
            warm.append(one.raw(pause_s=0))
            idle.append(one.commands())
            busy.append(one.commands(RATE))
        crowds = [one.crowd(f"crowd{number}") for number in range(CROWDS)]
    yield from _raw_rows(raw)
    yield row("command_raw_no_pause", _sum(warm, 50), "us", None)
    yield from latency_rows("", busy, raw)
    yield from latency_rows("_idle", idle, raw)
    yield row("commands_per_s", median(each for each, _ in crowds), "commands/s", None, better="higher")
    yield row("cpu_per_command", median(cpu_us for _, cpu_us in crowds), "us", None)


@contextmanager
def desk() -> Iterator[Desk]:
    """A daemon that is ready to trade, with everything around it."""
    with rig(DAEMON, SETTING) as one, ExitStack() as ending:
        folder = one.data.parent
        where = (one.nats.host, str(one.nats.port))
        requester = Child.module("requester", *where, core=AROUND, folder=folder)
        ending.callback(requester.stop)
        responder = Child.module("responder", *where, ECHO, core=MEASURED, folder=folder)
        ending.callback(responder.stop)
        login = FIRST_LOGIN + one.setting.sessions  # the account that the daemon does not hold
        file = str(one.data / "bare.db")
        bare = Child.module("bare", str(one.port), str(login), file, core=MEASURED, folder=folder)
        ending.callback(bare.stop)
        for child in (requester, responder, bare):
            child.hear()
        yield Desk(one, requester, bare)


def subject(account: str) -> str:
    """Where orders of an account go."""
    return f"oms.v1.cmd.{account}.submit"


def written(data: Path, account: str) -> list[int]:
    """Bytes of what each command wrote before it was sent, by the journal."""
    uri = f"file:{data}/journal/{account}.db?mode=ro"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    sizes: dict[Any, int] = {}
    try:
        for (body,) in connection.execute("SELECT body FROM event ORDER BY seq"):
            event = json.loads(body)
            if event["type"] in WRITTEN:
                sizes[event["cause"]] = sizes.get(event["cause"], 0) + len(body)
    finally:
        connection.close()
    return list(sizes.values())


def latency_rows(name: str, found: Sequence[Times], raw: Sequence[Raw]) -> Iterator[Row]:
    """p50 and p99 to the wire and to the reply, medians over the rounds, beside the raw sums."""
    for quantile in (50, 99):
        raw_reply = _sum(raw, quantile, ("round_trip", "commit", "trade"))
        wire = median(at(one.wire, quantile) for one in found)
        reply = median(at(one.reply, quantile) for one in found)
        judged = quantile == 50 and not name
        bounds: dict[str, Any] = {"must": 2.5, "goal": 1.5} if judged else {}
        yield row(f"command_wire_p{quantile}{name}", wire, "us", _sum(raw, quantile), **bounds)
        yield row(f"command_reply_p{quantile}{name}", reply, "us", raw_reply)


def _raw_rows(raw: Sequence[Raw]) -> Iterator[Row]:
    """The parts of the raw sums."""
    for part in Raw._fields:
        value = median(at(getattr(one, part), 50) for one in raw)
        yield row(f"command_raw_{part}", value, "us", None)


def _sum(raw: Sequence[Raw], quantile: int, parts: Sequence[str] = ("round_trip", "commit", "send")) -> float:
    """Of the parts, each the median over the rounds."""
    return sum(median(at(getattr(one, part), quantile) for one in raw) for part in parts)


def at(times: Sequence[float], quantile: int) -> float:
    """The time within which so many of a hundred are."""
    return sorted(times)[len(times) * quantile // 100]


def _took(begun: Sequence[int], done: Sequence[int]) -> list[float]:
    """Each in us, of times in ns."""
    return [(later - earlier) * US for earlier, later in zip(begun, done, strict=True)]
