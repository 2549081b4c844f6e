"""Trades and data have budgets of their own: what queries ask of the venue delays no command."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from oms.daemon.view import AccountView
from oms.queries.view import VenueUnavailable
from oms.sessions.bucket import Bucket
from oms.sessions.link import Limits
from protocol.enums import Timeframe
from tests.dispatch.desked import Desked, desked
from tests.paper.running import SERVER_START_S
from tests.paper.running import running as venue_runs

pytestmark = [pytest.mark.trio, pytest.mark.slow]

WINDOW = (SERVER_START_S - 600, SERVER_START_S)


@pytest.fixture
async def trading(tmp_path: Path) -> AsyncIterator[Desked]:
    async with venue_runs() as venue, desked(venue, tmp_path, limits=Limits(answer_s=30.0)) as found:
        yield found


def view_of(trading: Desked, burst: int, wait_s: float = 0.2) -> AccountView:
    """Queries that may ask the venue so often, and then as good as never again."""
    bucket = Bucket(0.001, burst)
    return AccountView(trading.held.account, bucket, wait_s, lambda: trading.venue.clock.now * 1_000_000)


async def asked(view: AccountView, what: str) -> None:
    if what == "rates":
        await view.rates("EURUSD", Timeframe.M1, *WINDOW)
    else:
        await view.full_symbol("EURUSD")


@pytest.mark.parametrize("what", ["rates", "specification"])
async def test_every_question_of_a_query_takes_a_token_and_waits_so_long_for_it(
    trading: Desked, what: str
) -> None:
    view = view_of(trading, burst=2)
    await asked(view, what)
    await asked(view, what)
    began = trio.current_time()
    with pytest.raises(VenueUnavailable, match=r"no turn within 0\.2 s") as caught:
        await asked(view, what)
    assert caught.value.code == "busy"
    assert 0.2 <= trio.current_time() - began < 10.0


async def test_an_empty_budget_of_data_delays_no_trade(trading: Desked) -> None:
    """Nor do questions that wait for their turn, nor one that the venue does not answer."""
    view = view_of(trading, burst=2, wait_s=600.0)
    await asked(view, "rates")
    trading.fault("lose", on="answer", command=11)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(asked, view, "rates")
        await trio.testing.wait_all_tasks_blocked(0.05)
        with trio.fail_after(20.0):  # an answer is waited for 30 s, a token for 1000 s
            found = [await trading.buy() for _ in range(3)]
        assert [one["status"] for one in found] == ["filled"] * 3
        nursery.cancel_scope.cancel()


async def test_a_failing_venue_is_told_by_its_code(tmp_path: Path) -> None:
    async with venue_runs() as venue, desked(venue, tmp_path, limits=Limits(answer_s=0.3)) as trading:
        view = view_of(trading, burst=40)
        trading.fault("truncate", on="answer", command=11, bytes=3)
        with pytest.raises(VenueUnavailable) as caught:
            await asked(view, "rates")
        assert caught.value.code == "bad_answer"
        trading.fault("lose", on="request", command=11)
        with pytest.raises(VenueUnavailable) as caught:
            await asked(view, "rates")
        assert caught.value.code == "timeout"
