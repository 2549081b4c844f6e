"""A command that is in memory: taken in, and not final yet."""

import math
from typing import Literal

from oms.domain.commands import REDUCING_VERBS, CommandRequest, Verb
from oms.domain.events import CommandConflict
from oms.domain.events.command import Reason
from oms.projections.commands import Key

from . import codes

Channel = Literal["request", "queue", "parent", "operator"]
CHILD, REDUCING, OPENING = 0, 1, 2  # who goes first


class Pending:
    """Who asked for what, and how far it is."""

    def __init__(
        self,
        request: CommandRequest,
        command: str,
        channel: Channel,
        received_ns: int,
        deadline_ns: int | None,
        *,
        parent: str | None = None,
        queued_at: str | None = None,
        expires_at: float = math.inf,
    ) -> None:
        """Times are nanoseconds of UTC, but `queued_at`: RFC 3339, when the durable queue took it; and
        `expires_at`: the deadline by Trio's clock, which nobody sets.
        """
        self.request, self.command, self.channel = request, command, channel
        self.received_ns, self.deadline_ns = received_ns, deadline_ns
        self.parent, self.queued_at, self.expires_at = parent, queued_at, expires_at
        self.verb: Verb = request.verb  # with the broker's names, as soon as these are known
        self.decided = False
        self.overtaken_by = ""  # the command that called it off
        self.conflict: CommandConflict | None = None  # that is to be written down
        self.refusal: tuple[Reason, ...] = ()  # why it is not carried out now; it may be asked again

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.request.client, self.command

    @property
    def rank(self) -> int:
        """How urgent it is: what belongs to a sweep, then what takes risk away, then the rest."""
        if self.parent is not None or self.channel == "operator":
            return CHILD
        return REDUCING if self.request.verb.verb in REDUCING_VERBS else OPENING

    def refuse(self, code: str, limit: str | None = None) -> "Pending":
        """Not to be carried out: the id is not used up.  Itself."""
        self.refusal = (Reason(code, codes.CODES[code].meaning, limit=limit),)
        return self
