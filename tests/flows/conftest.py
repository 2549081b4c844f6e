"""A system for the tests of a module that only trade, and a trader in it."""

from collections.abc import Iterator

import pytest

from tests.flows.desk import Desk
from tests.flows.pieces import UNHURRIED
from tests.flows.system import System, system
from tests.flows.trader import ASK, BID, Line, Trader


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The feed is off: prices are what the tests say."""
    with system(tmp_path_factory.mktemp("standing"), UNHURRIED) as found:
        found.venue.control("feed", on=False)
        yield found


@pytest.fixture(scope="module")
def line(standing: System) -> Iterator[Line]:
    with Line(standing.nats.url) as found:
        yield found


@pytest.fixture
def trader(standing: System, line: Line, account: str, symbol: str) -> Iterator[Trader]:
    """Begins with nothing open, whatever a test before has left; leaves nothing."""
    found = Trader(standing, line, account, symbol)
    found.quote(BID, ASK)
    if found.open(found.last) != ([], []):
        found.command("cancel_all")
        found.command("close_all")
        found.arrived()
    yield found
    assert found.open() == ([], [])


@pytest.fixture
def desk(trader: Trader) -> Desk:
    return Desk(trader)
