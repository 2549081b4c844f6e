"""Weeks of sessions: when a symbol is open, and when it next opens or closes (docs/protocol.md 4.5).

All times are server-time seconds.  A week has 7 days from Sunday, each 16 sessions (from, to) in minutes of
the day, `to` not included; (0, 0) is unused.  A session over midnight is two, one on each day.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from protocol.records.symbols import NO_SESSIONS, Sessions

DAY: Final = 86_400  # seconds
DAY_MINUTES: Final = 1440
SLOTS: Final = 16  # sessions that a day of the record holds

NEVER_OPEN: Final = NO_SESSIONS


def weekday(server_seconds: int) -> int:
    """The day of the week, 0 = Sunday, as the schedule counts (the epoch was a Thursday)."""
    return (server_seconds // DAY + 4) % 7


def week(days: Mapping[int, Iterable[tuple[int, int]]]) -> Sessions:
    """A week from the sessions of its days; days that are absent are closed.

    Raises ValueError, naming the day, for what no day can hold: more than 16 sessions, a session that is
    empty, out of order, overlapping, or outside 0..1440.
    """
    rows = []
    for day in range(7):
        sessions = tuple(days.get(day, ()))
        if len(sessions) > SLOTS:
            raise ValueError(f"day {day}: {len(sessions)} sessions, a day holds {SLOTS}")
        end = 0
        for opens, closes in sessions:
            if not end <= opens < closes <= DAY_MINUTES:
                raise ValueError(f"day {day}: session {opens}-{closes} is empty, out of order or too late")
            end = closes
        rows.append(sessions + ((0, 0),) * (SLOTS - len(sessions)))
    return tuple(rows)


ALWAYS: Final = week(dict.fromkeys(range(7), ((0, DAY_MINUTES),)))


def is_open(sessions: Sessions, server_seconds: int) -> bool:
    """Whether one of the week's sessions holds this time."""
    minute = server_seconds % DAY // 60
    return any(opens <= minute < closes for opens, closes in sessions[weekday(server_seconds)])


def closing(sessions: Sessions, server_seconds: int) -> int | None:
    """When the session that holds this time ends, at the latest at midnight; None where it is closed."""
    midnight, minute = server_seconds - server_seconds % DAY, server_seconds % DAY // 60
    for opens, closes in sessions[weekday(server_seconds)]:
        if opens <= minute < closes:
            return midnight + closes * 60
    return None


def opening(sessions: Sessions, server_seconds: int) -> int | None:
    """The first time not before this one at which the week is open; None for a week without sessions."""
    if is_open(sessions, server_seconds):
        return server_seconds
    midnight = server_seconds - server_seconds % DAY
    for start in range(midnight, midnight + 8 * DAY, DAY):
        for opens, closes in sessions[weekday(start)]:
            if opens < closes and start + opens * 60 >= server_seconds:
                return start + opens * 60
    return None


def last_open(sessions: Sessions, server_seconds: int) -> int | None:
    """The last whole second not after this one in which the week was open; None without sessions."""
    if is_open(sessions, server_seconds):
        return server_seconds
    midnight = server_seconds - server_seconds % DAY
    for start in range(midnight, midnight - 8 * DAY, -DAY):
        for opens, closes in reversed(sessions[weekday(start)]):
            if opens < closes and start + closes * 60 <= server_seconds:
                return start + closes * 60 - 1
    return None
