"""Fifty accounts in one daemon for a minute: nothing is lost, nothing grows, everybody stays ready."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import nats
import pytest

from oms.eventlog.market_reader import read_market
from tests.bench.rig import DAEMON, Rig, Setting, rig

ACCOUNTS, RATE, PER_FRAME = 50, 2_000.0, 5
WARM_S, MINUTE_S, SAMPLE_S = 5.0, 60.0, 2.5  # whole frames of every account
GROWTH_MB = 8.0


@pytest.mark.slow
def test_fifty_accounts_for_a_minute_lose_nothing_and_grow_no_more(tmp_path: Path) -> None:
    names = [f"a{number:02}" for number in range(ACCOUNTS)]
    with rig(DAEMON, Setting(sessions=ACCOUNTS), tmp_path) as one:
        sent = load(one, WARM_S)
        memory = []
        for _ in range(round(MINUTE_S / SAMPLE_S)):
            sent += load(one, SAMPLE_S)
            memory.append(one.candidate.rss_mb)
        assert sent == (WARM_S + MINUTE_S) * RATE
        found = asyncio.run(asked(one, names))
        logged = Counter[str]()
        for push in read_market(tmp_path / "market", kind="ticks"):
            logged[push.account] += len(push.rows())
    assert logged == dict.fromkeys(names, sent // ACCOUNTS)
    for sessions, state in found:
        assert (sessions["link"], sessions["reconnects"]) == ("ready", 0)
        assert (state["link"], state["permission"]) == ("ready", "active")
    quarter, half = len(memory) // 4, len(memory) // 2
    growth = mean(memory[half:]) - mean(memory[:quarter])
    assert growth < GROWTH_MB, memory


def load(one: Rig, seconds: float) -> int:
    """How many ticks were sent and, each in a message of its own, heard; RuntimeError if one is lost."""
    one.load(PER_FRAME, RATE, seconds)
    return round(RATE * seconds)


async def asked(one: Rig, names: list[str]) -> list[tuple[Any, Any]]:
    """What each account says of its session and its state."""
    client = await nats.connect(f"nats://{one.nats.host}:{one.nats.port}")
    try:

        async def ask(subject: str) -> Any:
            return json.loads((await client.request(subject, b"", timeout=8)).data)

        return [
            (await ask(f"oms.v1.query.{name}.sessions"), await ask(f"oms.v1.query.{name}.state"))
            for name in names
        ]
    finally:
        await client.close()
