"""How commands are carried out."""

from typing import NamedTuple

from oms.domain.decide.facts import Policy
from oms.sessions.connection import ANSWER_S


class Pace(NamedTuple):
    """How the traces of an unknown command are looked for; seconds (docs/semantics.md 8)."""

    spacing_s: float = 5.0  # from one look to the next
    last_s: float = 60.0  # from the send to the look that may say "not executed"
    accepted_s: float = 300.0  # likewise, where the venue had accepted it or a dealer may hold it
    again_s: float = 30.0  # from look to look at what neither of them settled
    warning_s: float = 60.0  # from the send to the first warning; then twice as long each time


class Options(NamedTuple):
    """Limits of an account's commands; seconds."""

    deadline_s: float = 10.0  # from the receipt, where none is given
    wait_s: float = 5.0  # of a request for its outcome, where none is given
    skew_s: float = 2.0  # that a given deadline may be off
    waiting: int = 256  # commands that are not decided yet
    answer_s: float = ANSWER_S  # of answer 12
    outcome_s: float = 60.0  # of push 19, or of what proves it
    rate: float = 10.0  # trade requests a second
    burst: int = 20  # of them at once
    marker: bool = True  # orders carry their command's mark in the comment
    policy: Policy = Policy()
    pace: Pace = Pace()
