"""How long a pending order lives, and its end in server time (docs/protocol.md 6.2, 6.9)."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from .. import times
from ..commands import Expiry, Modify, Submit
from ..records import OrderRecord
from ..values import wall
from .resolve import DATED, GTC, SPECIFIED

_EPOCH: Final = datetime(1970, 1, 1)
_SECOND: Final = timedelta(seconds=1)
_NS: Final = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def of_submit(order: Submit, offset: int) -> tuple[str, str | None]:
    """Lifetime, and when it ends; what was not said is gtc, with an end specified."""
    lifetime = order.time_in_force or (SPECIFIED if order.expires_at else GTC)
    return lifetime, server_time(order.expires_at, offset) if lifetime in DATED else None


def of_modify(change: Modify, order: OrderRecord, offset: int) -> tuple[str, str | None]:
    """Lifetime, and when it ends: what is not given stays.

    An end alone makes an order without one specified; taking the end away makes one with it gtc.
    """
    lifetime = order.time_in_force if change.time_in_force is msgspec.UNSET else change.time_in_force
    if change.time_in_force is msgspec.UNSET and change.expires_at is None:
        lifetime = GTC if lifetime in DATED else lifetime
    elif change.time_in_force is msgspec.UNSET and isinstance(change.expires_at, Expiry):
        lifetime = lifetime if lifetime in DATED else SPECIFIED
    if lifetime not in DATED:
        return lifetime, None
    if change.expires_at is msgspec.UNSET:
        return lifetime, order.expires_at
    return lifetime, server_time(change.expires_at, offset)


def server_time(end: Expiry | None, offset: int) -> str | None:
    """Server time as RFC 3339 with its offset, whole seconds; None for none, or one the wire cannot write."""
    seconds = _server_seconds(end, offset) if end is not None else None
    if seconds is None or not 0 < seconds <= times.LATEST:
        return None
    at = _EPOCH + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds") + _zone(offset)


def _server_seconds(end: Expiry, offset: int) -> int | None:
    if end.utc_ns is not None:
        return end.utc_ns // _NS + offset
    try:
        return times.server_s(end.server or "")
    except ValueError:
        return None


def seconds(time: str | None) -> int:
    """Seconds of server time since 1970 of a server time; 0 for none."""
    return (datetime.fromisoformat(wall(time)[:19]) - _EPOCH) // _SECOND if time else 0


def last_second(lifetime: str, end: int) -> int:
    """The second in which an order expires: specified_day ends with its day (docs/semantics.md TC-O9)."""
    return end if lifetime == SPECIFIED else end - end % _DAY + _DAY - 1


def written(end: Expiry) -> str:
    """The end as it was given."""
    if end.utc_ns is None:
        return end.server or ""
    try:
        return (_EPOCH + timedelta(microseconds=end.utc_ns // 1000)).isoformat() + "Z"
    except OverflowError:
        return f"{end.utc_ns} ns"


def _zone(offset: int) -> str:
    """The offset as RFC 3339 writes it; one that cannot be written so counts as none."""
    if offset % _MINUTE or abs(offset) >= _DAY:
        offset = 0
    hours, rest = divmod(abs(offset), _HOUR)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{rest // _MINUTE:02}"
