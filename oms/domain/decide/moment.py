"""The moment of a decision: what no books hold of its facts, as it is stored, and had back from there."""

from datetime import datetime
from typing import Final

import msgspec

from ..events.command import JudgedMargin, JudgedQuote, JudgedRisk
from .facts import Facts, Policy

_USUAL: Final = Policy()


def stored(facts: Facts) -> JudgedRisk:
    """What a decision keeps of the moment, without the figures of its limits."""
    return JudgedRisk(
        at=facts.server_now,
        limits=facts.risk.version,
        link=facts.link,
        restrictions=dict(facts.restrictions),
        reached=facts.venue_reached,
        nats_away=facts.nats_away,
        refusing={str(name): until for name, until in facts.refusing.items()},
        policy=_unusual(facts.policy),
    )


def had_back(
    judged: JudgedRisk, quote: JudgedQuote | None = None, margin: JudgedMargin | None = None, client: str = ""
) -> Facts:
    """The facts of that moment, still without what the books and the limits tell.

    Raises ValueError for a time or a policy that nobody of this build wrote.
    """
    return Facts(
        server_now=judged.at,
        offset=_offset(judged.at),
        link=judged.link,
        restrictions=judged.restrictions,
        venue_reached=judged.reached,
        nats_away=judged.nats_away,
        refusing=judged.refusing,  # type: ignore[arg-type]
        quote=quote,
        margin=margin,
        client=client,
        policy=msgspec.convert(judged.policy, Policy, strict=False),
    )


def _unusual(policy: Policy) -> dict[str, str]:
    values = ((name, getattr(policy, name)) for name in Policy.__struct_fields__)
    return {name: str(value) for name, value in values if value != getattr(_USUAL, name)}


def _offset(server_time: str) -> int:
    """Seconds east of UTC that a time of the server's clock was written with."""
    offset = datetime.fromisoformat(server_time).utcoffset()
    if offset is None:
        raise ValueError(f"{server_time!r} has no offset")
    return round(offset.total_seconds())
