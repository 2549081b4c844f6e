"""What an account can do: how its link stands, and what restricts it; each change is an event.

Restrictions last longer than a session and than the process.  Several may hold at once, each with its reason,
and lifting one leaves the others: the permission is the narrowest of them.  What narrows counts at once, what
widens when it is on disk.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import trio
from msgspec.structs import replace

from oms.domain.events import AccountState, Event
from oms.projections import Books
from oms.projections.reversals import BREACH, RACE, ends_by_itself
from oms.recorder import Recorder, Turn

CONNECTING: Final = "connecting"
RECONCILING: Final = "reconciling"
READY: Final = "ready"
REFUSED: Final = "refused"
CLOSED: Final = "closed"

ACTIVE: Final = "active"
REDUCING: Final = "reducing"
HALTED: Final = "halted"
DIFFERENCE: Final = "difference"
RESTORED: Final = "restored"
DIRTY: Final = "dirty"
READ_ONLY: Final = "read_only"
NARROWEST: Final = (HALTED, DIFFERENCE, RESTORED, DIRTY, READ_ONLY, REDUCING)  # first

RIGHTS: Final = "rights"
OPERATOR: Final = "operator"
PANIC: Final = "panic"
EQUAL: Final = "equal"
SILENT: Final = "alive"  # nobody said in time that he is there
FENCE: Final = "fence: "  # what follows says how stream and journal contradict each other

Restrictions = dict[str, str]  # permission -> why
Change = Callable[[Restrictions, Books], None]


class Standing:
    """Link and permission of one account."""

    def __init__(self, recorder: Recorder, clock: Callable[[], int]) -> None:
        """As the journal has it; an account that was never opened is dirty: it has to reconcile first."""
        self._recorder, self._clock = recorder, clock
        recorder.tell(self._hear)
        self._told = recorder.books.terms.standing
        self._halted = ""  # why, where that could not be recorded yet
        self._moved = trio.Event()
        self.link = CLOSED
        self.since_ns = clock()  # nanoseconds of UTC: how long the link has been so

    @property
    def permission(self) -> str:
        """What it may do."""
        return HALTED if self._halted else (self._told.permission if self._told else DIRTY)

    @property
    def reason(self) -> str:
        """Why."""
        return self._halted or (self._told.reason if self._told else "")

    @property
    def restrictions(self) -> Restrictions:
        """All that hold."""
        return restrictions_of(self._told) | ({HALTED: self._halted} if self._halted else {})

    @property
    def fenced(self) -> bool:
        """Whether it is halted because stream and journal contradict each other."""
        return self.restrictions.get(HALTED, "").startswith(FENCE)

    @property
    def state(self) -> str:
        """The narrower of the two."""
        return self.permission if self.link == READY else self.link

    def _hear(self, events: Sequence[Event]) -> None:
        """What is on disk counts, whoever found it out."""
        for event in events:
            if isinstance(event, AccountState):
                self._told = event
                self._tell()

    async def moved(self) -> None:
        """Return when something changed."""
        await self._moved.wait()

    def _tell(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    def fall(self, link: str) -> None:
        """The link is narrower from now on, whether or not that can be recorded."""
        if link != self.link:
            self.link, self.since_ns = link, self._clock()
            self._tell()

    async def move(
        self, link: str | None = None, change: Change | None = None, *, by: str = "", comment: str = ""
    ) -> None:
        """Record another link, other restrictions; nothing where nothing changes.

        `by` and `comment` are a person's.

        `change` is made in a turn of the recorder's, on the restrictions as they are then.
        """
        if link is not None and link != READY:
            self.fall(link)

        def work(turn: Turn) -> None:
            known = turn.books.terms.standing
            told = _changed(turn.books, link or self.link, change or unchanged)
            if known is None or _gist(told) != _gist(known):
                turn.add(replace(told, by=by, comment=comment))

        await self._recorder.write(work)
        if link is not None:
            self.fall(link)
        self._tell()

    def stop(self, reason: str) -> None:
        """Halted from now on, by itself until it is recorded by `halt`; a fence stays what it is."""
        if not self._halted.startswith(FENCE):
            self._halted = reason
        self._tell()

    async def lift(self, change: Change, *, by: str, comment: str) -> None:
        """A person's change, that also lifts what halted it and could not be recorded; but for a fence."""
        await self.move(change=change, by=by, comment=comment)
        if not self._halted.startswith(FENCE):
            self._halted = ""
            self._tell()

    async def halt(self, reason: str, *, by: str = "", comment: str = "") -> None:
        """Halted from now on, also where that cannot be recorded, which is then raised."""
        self.stop(reason)
        held = self._halted
        await self.move(change=halted_for(held), by=by, comment=comment)
        if self._halted == held:
            self._halted = ""


def restrictions_of(event: AccountState | None) -> Restrictions:
    """What an event says is restricted."""
    if event is None:
        return {DIRTY: ""}
    return dict(event.also) | ({event.permission: event.reason} if event.permission != ACTIVE else {})


def _gist(event: AccountState) -> tuple[str, str, str, Mapping[str, str]]:
    return event.link, event.permission, event.reason, event.also


def _changed(books: Books, link: str, change: Change) -> AccountState:
    known = books.terms.standing
    now = restrictions_of(known)
    change(now, books)
    for permission in NARROWEST:
        if permission in now:
            return AccountState(link, permission, now.pop(permission), also=now)
    was_active = known is not None and known.permission == ACTIVE
    return AccountState(link, ACTIVE, known.reason if known and was_active else EQUAL)


# What becomes of the restrictions.


def halted_for(reason: str) -> Change:
    """It is halted; that stream and journal contradict each other is a reason that nothing replaces."""

    def change(now: Restrictions, books: Books) -> None:
        if not now.get(HALTED, "").startswith(FENCE):
            now[HALTED] = reason

    return change


def unfenced(now: Restrictions, books: Books) -> None:
    """Stream and journal agree again: what is left is a halt, which a person lifts."""
    if now.get(HALTED, "").startswith(FENCE):
        now[HALTED] = f"stream and journal agree again, after {now[HALTED].removeprefix(FENCE)}"


def reduced(now: Restrictions, books: Books) -> None:
    """A person lets it only take risk away."""
    now[REDUCING] = OPERATOR


def silenced(now: Restrictions, books: Books) -> None:
    """The operator is silent: it only takes risk away, until a person resumes."""
    if ends_by_itself(now.get(REDUCING, RACE)):
        now[REDUCING] = SILENT


def breached(limit: str) -> Change:
    """A limit of what may be lost was reached; what a person or a panic said before stays."""

    def change(now: Restrictions, books: Books) -> None:
        if now.get(REDUCING, RACE) == RACE:
            now[REDUCING] = BREACH + limit

    return change


def breach_over(now: Restrictions, books: Books) -> None:
    """Another day: what was lost yesterday restricts no more."""
    if now.get(REDUCING, "").startswith(BREACH):
        del now[REDUCING]


def reducing_only(now: Mapping[str, str]) -> Mapping[str, str]:
    """What restricts a panic: it may close whatever halted the account, but for a fence; it opens nothing."""
    if now.get(HALTED, "").startswith(FENCE):
        return now
    return {permission: why for permission, why in now.items() if permission != HALTED} | {REDUCING: PANIC}


def panicked(now: Restrictions, books: Books) -> None:
    """A person wants everything closed: what halted it must not keep that from happening, but for a fence."""
    if not now.get(HALTED, "").startswith(FENCE):
        now.pop(HALTED, None)
    now[REDUCING] = PANIC


def resumed(now: Restrictions, books: Books) -> None:
    """A person lifts what stopped it; a fence, a race and a difference are not a person's to lift."""
    if HALTED in now and not now[HALTED].startswith(FENCE):
        del now[HALTED]
    if REDUCING in now and now[REDUCING] != RACE:
        del now[REDUCING]


def unchanged(now: Restrictions, books: Books) -> None:
    """They stay."""


def rights_gone(now: Restrictions, books: Books) -> None:
    """Rights that are gone count at once."""
    terms = books.account()
    if terms is not None and not terms.trade_allowed:
        now[READ_ONLY] = RIGHTS


def agreed(now: Restrictions, books: Books) -> None:
    """Books and venue agree: what a person or a fence stopped stays stopped."""
    for permission in (DIRTY, DIFFERENCE, RESTORED, READ_ONLY):
        now.pop(permission, None)
    if now.get(REDUCING) == RACE:
        del now[REDUCING]
    rights_gone(now, books)


def raced(now: Restrictions, books: Books) -> None:
    """Whether they agree could not be seen: it is let in, reducing only.

    Where pushes were lost it stays dirty, for the next rounds have to read the whole history.
    """
    if not now.get(DIRTY):
        now.pop(DIRTY, None)
    now.setdefault(REDUCING, RACE)
    rights_gone(now, books)


def differing(now: Restrictions, books: Books) -> None:
    """They do not agree, for sure."""
    now.pop(DIRTY, None)
    now[DIFFERENCE] = DIFFERENCE
    rights_gone(now, books)


def restored_for(reason: str) -> Change:
    """The journal was put back from a copy: it may lack trades, and reconciles all of them first."""

    def change(now: Restrictions, books: Books) -> None:
        now[RESTORED] = reason

    return change


def spoiled(now: Restrictions, books: Books) -> None:
    """What was pushed could not be stored: reconcile before anything else."""
    now[DIRTY] = "journal"
