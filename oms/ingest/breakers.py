"""The breakers of one account, one for each class of calls, and the events of their changes.

A change is told to the journal by a task of its own: who calls must not wait for that, and a full disk only
delays it.  They are not kept: a daemon that starts lets everything through.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple

import trio

from oms.domain.calls import CALL_CLASSES, CallClass
from oms.domain.events import BreakerChanged
from oms.eventlog.envelope import rfc3339
from oms.eventlog.errors import FileError, JournalFull
from oms.recorder import Recorder
from oms.sessions.breaker import CLOSED, OPEN, Breaker, Limits, State
from oms.sessions.outage import Outage, RequestFailed

MOST: Final = 1000  # changes that wait for a disk; then the oldest are forgotten
AGAIN_S: Final = 1.0
NS: Final = 1_000_000_000


class BreakerOpen(Outage):
    """Calls of this class failed too often: it was not made."""


class Shown(NamedTuple):
    """A breaker as it stands."""

    state: State
    failures: int  # in a row
    until: str | None  # of an open one: when the next call is let through, UTC, RFC 3339


Judge = Callable[[Callable[[Breaker], None]], None]  # lets something happen to a breaker


class Call:
    """A call on its way; the first verdict counts."""

    def __init__(self, judge: Judge, period: int | None) -> None:
        """Made by the breakers; without a period nobody counts it."""
        self._judge, self._period = judge, period

    def worked(self) -> None:
        """It was answered."""
        self._end(lambda breaker, period: breaker.worked(period))

    def answered(self) -> None:
        """The venue took it on; what came of it is to be seen, and still counts, unless this was a trial."""
        if self._period is not None:
            period = self._period
            self._judge(lambda breaker: breaker.answered(period))

    def failed(self) -> None:
        """It had no answer that can be used."""
        self._end(lambda breaker, period: breaker.failed(period, trio.current_time()))

    def dropped(self) -> None:
        """It says nothing of the venue."""
        self._end(lambda breaker, period: breaker.dropped(period))

    def _end(self, verdict: Callable[[Breaker, int], None]) -> None:
        period, self._period = self._period, None
        if period is not None:
            self._judge(lambda breaker: verdict(breaker, period))


UNCOUNTED: Final = Call(lambda act: None, None)  # what was not sent yet


class Breakers:
    """All of an account; the time is Trio's."""

    def __init__(self, recorder: Recorder, clock: Callable[[], int], limits: Limits | None = None) -> None:
        """`clock` gives nanoseconds of UTC, for what is told of times."""
        self._recorder, self._clock = recorder, clock
        self._breakers = {one: Breaker(limits or Limits()) for one in CALL_CLASSES}
        self._untold: deque[BreakerChanged] = deque(maxlen=MOST)
        self._changed = trio.Event()

    def begin(self, call_class: CallClass) -> Call:
        """A call that is to be made whatever the breaker says; where that says no, it is not counted."""
        found: list[int | None] = []
        judge = partial(self._judge, call_class)
        judge(lambda breaker: found.append(breaker.begin(trio.current_time())))
        return Call(judge, found[0])

    @contextmanager
    def guarded(self, call_class: CallClass) -> Iterator[None]:
        """Around a call, which is counted by what it raises; BreakerOpen where it is not let through.

        Only what says something of the venue counts: a call that was not sent, or was cancelled, does not.
        """
        if call_class in (refusing := self.refusing):
            until = refusing[call_class]
            then = f"one is tried at {until}" if until else "one is being tried"
            raise BreakerOpen(f"requests of the class {call_class} were not answered again and again; {then}")
        call = self.begin(call_class)
        try:
            yield
            call.worked()
        except RequestFailed as why:
            if why.counts:
                call.failed()
            raise
        finally:
            call.dropped()

    @property
    def refusing(self) -> Mapping[CallClass, str]:
        """The classes of which no call is let through now, and until when; "" while one is tried."""
        now = trio.current_time()
        closed = {name: one for name, one in self._breakers.items() if not one.admits(now)}
        return {name: self._until(one) or "" for name, one in closed.items()}

    @property
    def shown(self) -> dict[str, Shown]:
        """Each of them."""
        return {
            name: Shown(one.state, one.failures, self._until(one)) for name, one in self._breakers.items()
        }

    def state(self, call_class: CallClass) -> State:
        """Of one."""
        return self._breakers[call_class].state

    def _judge(self, call_class: CallClass, act: Callable[[Breaker], None]) -> None:
        """Let something happen to one of them, and have its change told."""
        breaker = self._breakers[call_class]
        before, failures = breaker.state, breaker.failures
        act(breaker)
        if breaker.state != before:
            failures = max(failures, breaker.failures)
            self._untold.append(BreakerChanged(call_class, breaker.state, failures, self._until(breaker)))
            self._changed.set()

    async def reset(self, call_class: CallClass | None, by: str = "", comment: str = "") -> None:
        """A person closes one, or all; raises FileError, and then nothing is closed."""
        names = CALL_CLASSES if call_class is None else (call_class,)
        known = [(name, self._breakers[name]) for name in names]
        await self._recorder.record(
            BreakerChanged(name, CLOSED, one.failures, by=by, comment=comment)
            for name, one in known
            if one.state != CLOSED
        )
        for _, breaker in known:
            breaker.close()

    async def tell(self) -> None:
        """Record every change, until the journal cannot be written any more."""
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            told = list(self._untold)
            self._untold.clear()
            try:
                await self._recorder.record(told)
            except JournalFull:
                self._untold.extendleft(reversed(told))
                self._changed.set()
                await trio.sleep(AGAIN_S)
            except FileError:
                return

    def _until(self, breaker: Breaker) -> str | None:
        if breaker.state != OPEN:
            return None
        return rfc3339(self._clock() + int((breaker.until - trio.current_time()) * NS))
