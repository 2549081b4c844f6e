"""When server time next ends something, and the ending of it in order.

Compared in server time, where expirations are written; UTC is only for whoever has to wake up.
"""

from .dayend import expire, next_due, roll_over
from .floor import Floor
from .hours import DAY
from .model import Account, Moment

HOUR_MS = 3_600_000
UNKNOWN = -1


class Agenda:
    """Expirations of all accounts, and the server's midnights."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._dues: dict[int, int] = {}  # login -> server second of its first expiration
        self._first = UNKNOWN  # server second in which something next ends
        self.day = UNKNOWN  # the server's day, counted from 1970, that is not over yet

    def note(self, account: Account) -> None:
        """An account's orders changed."""
        due = next_due(account)
        if due is None:
            self._dues.pop(account.login, None)
        else:
            self._dues[account.login] = due
        self._plan()

    def resume(self, day: int) -> None:
        """Go on with a day that an earlier run had not ended."""
        self.day = day
        self._plan()

    def due(self, moment: Moment) -> bool:
        """Whether something ends by then."""
        return moment.server_ms >= self._first * 1000

    def next_ms(self) -> int | None:
        """When something next ends, UTC.

        Where the clock shows an hour twice, the zone takes the first; when that is past and the time is not
        reached, it is the second.
        """
        if self.day == UNKNOWN:
            return None
        first_ms, now = self._first * 1000, self._floor.now
        wake = self._floor.zone.utc_ms(first_ms)
        while wake <= now.utc_ms and now.server_ms < first_ms:
            wake += HOUR_MS
        return wake

    def arrive(self) -> None:
        """End what is due now: orders up to a midnight, that day, and so on."""
        now = self._floor.now.seconds
        if self.day == UNKNOWN:
            self.day = now // DAY
        while now >= (midnight := (self.day + 1) * DAY):
            self._expire(midnight)
            roll_over(self._floor, self.day)
            self.day += 1
        self._expire(now)
        self._plan()

    def _expire(self, until: int) -> None:
        for login in sorted(self._dues):
            if self._dues[login] <= until:
                expire(self._floor, self._floor.accounts[login], until)
                self.note(self._floor.accounts[login])

    def _plan(self) -> None:
        if self.day != UNKNOWN:
            self._first = min([(self.day + 1) * DAY, *self._dues.values()])
