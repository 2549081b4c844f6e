"""In which order a session is told of its trade, and in how many messages (docs/protocol.md 8, 10)."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal

from protocol.messages import Answer, Refused
from protocol.records.trade import OrderTransaction

from .manners import Told
from .model import Effect

TRANSACTIONS, RESULT = 10, 19


def arranged(
    told: Told, answer: Answer | Refused, effects: Iterable[Effect]
) -> Iterator[Answer | Refused | Effect]:
    """The answer and the pushes behind it, by groups; inside a group the order stays."""
    pushes = list(effects)
    groups: dict[str, list[Answer | Refused | Effect]] = {
        "12": [answer],
        "10": [effect for effect in pushes if effect.command != RESULT],
        "19": [effect for effect in pushes if effect.command == RESULT],
    }
    for name in told.split():
        yield from groups[name]


def delayed(told: Told, effects: Iterable[Effect]) -> list[Effect]:
    """Pushes whose answer is long gone: the results before or behind the rest, as they are told."""
    first = RESULT if told.index("19") < told.index("10") else None
    if first is None:
        return list(effects)
    return sorted(effects, key=lambda effect: effect.command != first)


def gathered(how: Literal["single", "batched"], effects: Iterable[Effect]) -> Iterator[Effect]:
    """Neighbouring transactions of one class as one push 10; masks 0 and 1 may be mixed (5.3)."""
    if how == "single":
        yield from effects
        return
    for key, group in groupby(effects, _class_of):
        if key is None:
            yield from group
        else:
            first, *others = group
            yield first._replace(value=[*first.value, *(record for one in others for record in one.value)])


def _class_of(effect: Effect) -> tuple[int, int | None, bool] | None:
    if effect.command != TRANSACTIONS:
        return None
    return effect.login, effect.session, isinstance(effect.value[0], OrderTransaction)
