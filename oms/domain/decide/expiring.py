"""Whether a pending order still has time before it ends."""

from collections.abc import Iterator

from ..events.command import Reason
from ..values import wall
from .case import Case
from .lifetimes import last_second, seconds
from .reasons import reason
from .resolve import MODIFY, PENDING


def expiration_is_ahead(case: Case) -> Iterator[Reason]:
    """Its end is behind the server's clock (docs/semantics.md TC-O9); the venue answers 10022."""
    intent = case.intent
    if intent is None or intent.action not in (PENDING, MODIFY) or intent.expires_at is None:
        return
    now = case.facts.server_now
    if last_second(intent.time_in_force, seconds(intent.expires_at)) <= seconds(now):
        end = wall(intent.expires_at)
        message = f"it would end at {end}, and at the server it is {wall(now)}"
        yield reason("expiration_past", message, field=case.field("expires_at"), given=end, limit=wall(now))
