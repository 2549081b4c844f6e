"""Deadlines, whatever is done to the clock."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.dispatch.desked import desked, quicker
from tests.paper.running import running as venue_runs

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("given", [True, False])
async def test_tc_d8_a_clock_that_is_set_back_does_not_stretch_a_deadline(
    tmp_path: Path, given: bool
) -> None:
    """The command waits in the line, behind one whose answer is late."""
    set_back: list[int] = [0]
    options = quicker(answer_s=60, outcome_s=60, deadline_s=0.3, skew_s=0.3)
    async with (
        venue_runs() as running,
        desked(running, tmp_path, options=options, behind_ns=lambda: set_back[0]) as trading,
    ):
        trading.fault("delay", on="answer", command=12, seconds=1)
        replies: dict[str, dict[str, Any]] = {}

        async def buy(name: str, **fields: Any) -> None:
            replies[name] = await trading.buy(id=name, **fields)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(buy, "first")
            await trading.held.until(lambda: len(trading.requests()) == 1)
            fields = {"deadline": "2024-05-15T07:00:00Z"} if given else {}
            nursery.start_soon(partial(buy, "second", **fields))
            await trading.held.until(lambda: ("default", "second") in trading.desk.pending)
            set_back[0] = 3_600_000_000_000
            await trio.sleep(0.5)  # the time that is left, by a clock that nobody sets
            await running.advance(1500)
        assert replies["first"]["status"] == "filled"
        assert (replies["second"]["status"], replies["second"]["reasons"][0]["code"]) == (
            *("denied", "past_deadline"),
        )
        assert len(trading.requests()) == 1
