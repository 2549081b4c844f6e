"""TC-R11: ten thousand deals, in one answer or in slices, cut off in the middle or not."""

import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import trio

from tests.ingest.held import Held, booked, held, rebuilt, told_by_books, told_by_venue
from tests.paper.running import HEDGE, START, Running, ToldClock, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
DEALS = 10_000
DAYS, SLICE_DAYS = 365, 31
DAY_MS = 86_400_000
MB = 1 << 20
PATIENCE_S = 120.0


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def busy_year(venue: Running) -> None:
    """As many deals, evenly over a year; the account's first deposit is one of them."""
    for number in range(DEALS - 1):
        venue.control("deposit", login=HEDGE, amount="2.00" if number % 2 else "-1.00")
        venue.clock.now += DAYS * DAY_MS // DEALS
    assert len(venue.venue.accounts[HEDGE].deals) == DEALS


async def in_slices(main: Held, nursery: trio.Nursery) -> None:
    """As if everything in one answer had been too much before."""
    main.account._lasting.plan.days = SLICE_DAYS


async def at_once(main: Held, nursery: trio.Nursery) -> None:
    """As it is."""


async def is_whole(venue: Running, main: Held, reported: int = DEALS) -> None:
    await main.until(lambda: main.account.standing.state == "active", PATIENCE_S)
    assert sorted(booked(main)) == sorted(told_by_venue(venue, HEDGE)["deals"])
    assert len(main.books.deals) == len(set(booked(main))) == len(booked(main)) == DEALS
    assert main.books.ledger.balance == Decimal("10000.00") - 5_000 + 2 * 4_999
    assert main.events("ledger.opened")[0]["balance"] == "0.00"
    (report,) = main.events("reconcile.report")
    assert (report["equal"], len(report["deals_new"]) + report["omitted"]) == (True, reported)


@pytest.mark.parametrize(("read", "most_mb"), [(at_once, 16), (in_slices, 6)], ids=["at_once", "in_slices"])
async def test_tc_r11_ten_thousand_deals_take_bounded_memory(
    tmp_path: Path, traced: None, read: object, most_mb: int
) -> None:
    """Beyond what stays: the venue's own answer is in it, which runs in the same process."""
    async with running(clock=ToldClock(START - DAYS * DAY_MS)) as venue:
        await busy_year(venue)
        tracemalloc.reset_peak()
        async with held(venue, tmp_path, before=read) as main:  # type: ignore[arg-type]
            await main.until(lambda: main.account.standing.state == "active", PATIENCE_S)
            stays, peak = tracemalloc.get_traced_memory()
            assert peak - stays < most_mb * MB
            await is_whole(venue, main)


async def test_tc_r11_what_was_read_before_a_cut_is_kept(tmp_path: Path) -> None:
    """The sixth slice is not answered: five of 31 days are in the books, and are not booked again."""
    async with running(clock=ToldClock(START - DAYS * DAY_MS)) as venue:
        await busy_year(venue)
        venue.control("fault", fault={"do": "abort", "on": "request", "command": 5, "after": 5})
        away = {"do": "refuse", "on": "request", "command": 28, "after": 1, "times": 0}
        number = venue.control("fault", fault=away)
        async with held(venue, tmp_path, before=in_slices) as main:
            await main.until(lambda: main.account.connections > 1, PATIENCE_S)
            kept = booked(main)
            assert abs(len(kept) - DEALS * 5 * SLICE_DAYS / DAYS) <= 2
            venue.control("clear_faults", number=number)
            await is_whole(venue, main)
            assert booked(main)[: len(kept)] == kept
            again = rebuilt(main.recorder._journal)
            assert told_by_books(again) == told_by_venue(venue, HEDGE)
            assert again.state_hash() == main.books.state_hash()


async def test_tc_r11_a_daemon_that_ends_in_the_middle_goes_on_at_its_next_start(tmp_path: Path) -> None:
    async with running(clock=ToldClock(START - DAYS * DAY_MS)) as venue:
        await busy_year(venue)
        slow = {"do": "delay", "on": "answer", "command": 5, "seconds": 3600, "after": 3}
        venue.control("fault", fault=slow)
        async with held(venue, tmp_path, before=in_slices) as main:
            await main.until(lambda: len(booked(main)) >= 2_500, PATIENCE_S)
            assert len(booked(main)) < DEALS
        kept = booked(main)
        async with held(venue, tmp_path, before=in_slices) as main:
            await is_whole(venue, main, DEALS - len(kept))  # the others are found already
            assert booked(main)[: len(kept)] == kept
