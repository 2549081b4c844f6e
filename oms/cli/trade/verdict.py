"""Whether it worked: the exit code of a command's outcome, and what is to be said beside it.

0 is for what worked alone.  What was filled in part and then canceled is no success: a script that goes on
with the volume it asked for would be wrong.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from oms.cli.doing import Answer
from oms.cli.ending import FAILED, OK, UNKNOWN
from oms.cli.printing import plain
from oms.cli.statuses import IN_VAIN, UNDER_WAY, WORKED


class Outcome(msgspec.Struct, frozen=True):
    """What of an outcome decides."""

    status: str
    final: bool = False
    volume: Any = None
    filled: Any = None
    children: tuple["Outcome", ...] | None = None


class Verdict(NamedTuple):
    """The exit code, and words for people, "" where the table says it all."""

    code: int
    words: str = ""


def verdict(answer: Answer, *, receipt: bool, afterwards: str) -> Verdict:
    """Of an answer; with `receipt` only that the daemon has it was asked for."""
    if answer.error is not None:
        if answer.not_taken:
            return Verdict(FAILED, answer.error_words)
        return Verdict(UNKNOWN, _unknown(answer.error_words, afterwards))
    try:
        outcome = msgspec.convert(answer.said, Outcome)
    except msgspec.ValidationError:
        return Verdict(UNKNOWN, _unknown("what answered is no daemon of ours", afterwards))
    codes = [_code(one, receipt=receipt) for one in (outcome, *(outcome.children or ()))]
    worst = max(codes, key=(OK, FAILED, UNKNOWN).index)
    return Verdict(worst, _words(outcome, codes[1:], worst, afterwards))


def _code(outcome: Outcome, *, receipt: bool) -> int:
    if outcome.status in IN_VAIN and outcome.final:
        return FAILED
    if outcome.status in WORKED and (outcome.final or receipt):
        return OK
    return OK if receipt and outcome.status in UNDER_WAY else UNKNOWN


def _words(outcome: Outcome, children: list[int], code: int, afterwards: str) -> str:
    if code == OK:
        return ""
    if children and (behind := len(children) - children.count(OK)):
        how = "did not work" if UNKNOWN not in children else "did not work, or have no outcome yet"
        told = f"{behind} of {len(children)} {how}"
        return f"{told}. {afterwards}" if code == UNKNOWN else told
    if code == UNKNOWN:
        known = outcome.status in UNDER_WAY | WORKED | IN_VAIN
        return f"it is {outcome.status}, not final yet. {afterwards}" if known else _unknown("", afterwards)
    if _is_some(outcome.filled):
        asked = f" of {plain(outcome.volume)}" if outcome.volume is not None else ""
        return f"only {plain(outcome.filled)}{asked} was filled, the rest is {outcome.status}"
    return ""


def _unknown(why: str, afterwards: str) -> str:
    return f"the outcome is not known{': ' if why else ''}{why}. {afterwards}"


def _is_some(volume: Any) -> bool:
    try:
        return volume is not None and Decimal(str(volume)) > 0
    except InvalidOperation:
        return False
