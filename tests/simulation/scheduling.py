"""Trio with a seed: which task of those that can run runs first is drawn from it, and time is told."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from trio._core import _run
from trio.testing import MockClock

T = TypeVar("T")


def run(seed: int, act: Callable[[], Awaitable[T]]) -> T:
    """Run it in a mocked time that jumps where nobody can run; the same seed, the same order of tasks.

    Trio has no public way to this: it is what its pytest plugin does for hypothesis.
    """
    was, state = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r.getstate()
    _run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    _run._r.seed(seed)
    try:
        return trio.run(act, clock=MockClock(autojump_threshold=0))
    finally:
        _run._ALLOW_DETERMINISTIC_SCHEDULING = was  # type: ignore[misc]
        _run._r.setstate(state)
