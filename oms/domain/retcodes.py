"""What a code means for a trade request, by the channel that it came on (docs/semantics.md 0, 2).

A code tells what happened to the request, never that an order was filled.
"""

from typing import Final, Literal

from protocol.enums import Retcode

AnswerMeaning = Literal["accepted", "awaited", "refused", "no_change", "unknown"]
ResultMeaning = Literal["waiting", "prices", "done", "placed", "partial", "no_change", "refused", "unknown"]

# A refusal for sure: nothing was done, nothing will be.
REFUSALS: Final[frozenset[int]] = frozenset(
    {
        *(10004, 10006, 10007, *range(10013, 10024), 10026, 10027, 10029, 10030),
        *(*range(10032, 10037), *range(10038, 10047)),
    }
)
PARTIAL: Final = frozenset({Retcode.DONE_PARTIAL, Retcode.DONE_PARTIAL_INTERNAL})
_ACCEPTED: Final = frozenset(
    {Retcode.OK, Retcode.ON_THE_WAY, Retcode.ACCEPTED, Retcode.IN_PROCESS, Retcode.PRICES}
)
_AWAITED: Final = frozenset({Retcode.PLACED, Retcode.DONE}) | PARTIAL
_WAITING: Final = frozenset(
    {Retcode.OK, Retcode.ON_THE_WAY, Retcode.ACCEPTED, Retcode.IN_PROCESS, Retcode.LOCKED, Retcode.PRICES}
)
_RESULTS: Final[dict[int, ResultMeaning]] = {
    Retcode.DONE: "done",
    Retcode.PLACED: "placed",
    **dict.fromkeys(PARTIAL, "partial"),
    Retcode.NO_CHANGES: "no_change",
    **dict.fromkeys(_WAITING, "waiting"),
    **dict.fromkeys(REFUSALS, "refused"),
}
# What a result says of the request for good; the others wait for more.
SETTLED: Final = frozenset({"done", "partial", "no_change", "refused"})
_NAMES: Final[dict[int, str]] = {code.value: code.name for code in Retcode}


def of_answer(code: int) -> AnswerMeaning:
    """What a code in the answer to command 12 means: accepted for processing, refused, or not known."""
    if code in _ACCEPTED:
        return "accepted"
    if code in _AWAITED:
        return "awaited"
    if code == Retcode.NO_CHANGES:
        return "no_change"
    return "refused" if code in REFUSALS else "unknown"


def of_result(code: int, *, asked_prices: bool) -> ResultMeaning:
    """What a code in push 19 means; `asked_prices`: the request was action 0."""
    if asked_prices and code == Retcode.PRICES:
        return "prices"
    return _RESULTS.get(code, "unknown")


def name_of(code: int | None) -> str:
    """The code's name, DONE for 10009; "" for one without a name."""
    return "" if code is None else _NAMES.get(code, "")
