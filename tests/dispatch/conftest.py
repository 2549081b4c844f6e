"""A venue, and an account that trades there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dispatch.desked import Desked, desked
from tests.paper.running import Running
from tests.paper.running import running as venue_runs


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with venue_runs() as venue:
        yield venue


@pytest.fixture
async def trading(running: Running, tmp_path: Path) -> AsyncIterator[Desked]:
    async with desked(running, tmp_path) as found:
        yield found
