"""Asking for the history: from where, whole, in slices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from oms.sessions.address import Address
from oms.sessions.connection import Connection
from oms.sessions.history import HistoryPlan, history_begin, read_history
from oms.sessions.link import Limits, connected
from oms.sessions.login import Credentials, Keys
from oms.sessions.opening import open_account
from oms.sessions.outage import TimedOut
from protocol.records.trade import History, Order
from protocol.session import Role, Session
from tests.paper.running import HEDGE, SERVER_START_S, Running, running

DAY_S = 86_400


@asynccontextmanager
async def opened(venue: Running, limits: Limits | None = None) -> AsyncIterator[Connection]:
    heard: list[Any] = []
    session = Session(Role.TERMINAL)
    async with connected(Address.of(venue.url), session, heard.extend, limits=limits) as connection:
        await open_account(connection, Credentials(HEDGE, "paper"), Keys(), wall_s=lambda: 0.0)
        yield connection


async def parts(connection: Connection, plan: HistoryPlan, begin_s: int, now_s: int) -> list[History]:
    return [part.history async for part in read_history(connection, plan, begin_s, now_s)]


def test_it_begins_where_an_open_order_was_set_up() -> None:
    order = replace(Order(), time_setup=5000)
    assert history_begin(9000, []) == 9000
    assert history_begin(9000, [order]) == 5000
    assert history_begin(1000, [order]) == 1000
    assert history_begin(0, [order]) == 0  # everything
    assert history_begin(2**40, []) == 2**31 - 1  # what an i32 holds


@pytest.mark.trio
async def test_all_of_it_comes_in_one_answer() -> None:
    async with running() as venue, opened(venue) as connection:
        (history,) = await parts(connection, HistoryPlan(), 0, SERVER_START_S)
        assert history.deals == venue.venue.accounts[HEDGE].deals
        assert len(history.deals) == 1  # the deposit


@pytest.mark.trio
async def test_a_later_begin_leaves_older_deals_out() -> None:
    async with running() as venue:
        await venue.advance(3 * DAY_S * 1000)
        now_s = SERVER_START_S + 3 * DAY_S
        async with opened(venue) as connection:
            (history,) = await parts(connection, HistoryPlan(), now_s - DAY_S, now_s)
        assert history.deals == []


@pytest.mark.trio
async def test_slices_go_backwards_to_the_begin_and_hold_everything_once() -> None:
    async with running() as venue:
        await venue.advance(70 * DAY_S * 1000)
        now_s = SERVER_START_S + 70 * DAY_S
        async with opened(venue) as connection:
            found = await parts(connection, HistoryPlan(days=31), SERVER_START_S - DAY_S, now_s)
            begins = [
                part.begin_s
                async for part in read_history(connection, HistoryPlan(31), SERVER_START_S - DAY_S, now_s)
            ]
        assert [len(part.deals) for part in found] == [0, 0, 1]
        assert begins == [now_s - 31 * DAY_S, now_s - 62 * DAY_S, SERVER_START_S - DAY_S]


@pytest.mark.trio
async def test_a_long_silence_is_the_end_of_the_history() -> None:
    async with running() as venue, opened(venue) as connection:
        late_s = SERVER_START_S + 40 * 31 * DAY_S  # the deposit is further back than 24 slices
        found = await parts(connection, HistoryPlan(days=31), 0, late_s)
        assert len(found) == 24


@pytest.mark.trio
async def test_a_history_that_does_not_come_is_asked_for_in_slices_the_next_time() -> None:
    plan = HistoryPlan()
    async with running() as venue, opened(venue, Limits(answer_s=0.2)) as connection:
        venue.control("fault", fault={"do": "lose", "on": "answer", "command": 5})
        with pytest.raises(TimedOut):
            await parts(connection, plan, 0, SERVER_START_S)
    assert plan.days == 31
    plan.too_much()
    assert plan.days == 15


def test_a_day_is_the_least() -> None:
    plan = HistoryPlan(days=1)
    plan.too_much()
    assert plan.days == 1
