"""Opening an account at the paper venue: the order, the ways in, and who is turned away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pyotp
import pytest
from msgspec.structs import replace

from oms.paper.listing import SymbolSettings
from oms.paper.settings import AccountSettings, Settings
from oms.sessions.address import Address
from oms.sessions.connection import Connection
from oms.sessions.link import connected
from oms.sessions.login import Credentials, Keys, Unavailable
from oms.sessions.opening import Opened, TurnedAway, open_account
from oms.sessions.otp import Totp
from oms.sessions.outage import AnswerUnreadable, ConnectionEnded, Outage, Reason, TimedOut
from oms.sessions.watching import chosen, subscribe_ticks
from protocol.messages import Push, Request
from protocol.records.symbols import Symbol
from protocol.session import Role, Session
from tests.paper.running import HEDGE, START, Running, running

pytestmark = pytest.mark.trio
BASE32 = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PAPER = "paper"
WHO = Credentials(HEDGE, PAPER)


def asked(venue: Running) -> list[int]:
    """The commands that the venue was asked; pings are not listed."""
    return [entry["command"] for entry in venue.control("truth")["requests"]]


@asynccontextmanager
async def connection_to(venue: Running) -> AsyncIterator[Connection]:
    heard: list[Any] = []
    async with connected(Address.of(venue.url), Session(Role.TERMINAL), heard.extend) as connection:
        yield connection


async def opened(
    venue: Running, who: Credentials = WHO, keys: Keys | None = None, **more: Any
) -> Opened | TurnedAway:
    async with connection_to(venue) as connection:
        return await open_account(connection, who, keys or Keys(), wall_s=lambda: START / 1000, **more)


async def outage(venue: Running, keys: Keys | None = None) -> Outage:
    async with connection_to(venue) as connection:
        with pytest.raises(Outage) as caught:
            await open_account(connection, WHO, keys or Keys())
    return caught.value


async def buy(venue: Running) -> None:
    async with venue.terminal(HEDGE) as terminal:
        assert await terminal.buy() == 0
        await terminal.push(19)


async def test_everything_in_order() -> None:
    async with running() as venue:
        await buy(venue)
        before = len(asked(venue))
        found = await opened(venue)
        assert asked(venue)[before:] == [0, 28, 3, 6, 4]
        assert isinstance(found, Opened)
        truth = venue.venue.accounts[HEDGE]
        assert found.account.main.balance == 10_000
        assert [symbol.trade_symbol for symbol in found.symbols] == list(venue.venue.specs)
        assert found.open_trades.positions == list(truth.positions.values())


async def test_many_symbols_are_asked_for_compressed() -> None:
    many = tuple(SymbolSettings(name=f"MORE{number}", like="EURUSD") for number in range(300))
    async with running(Settings(symbols=many)) as venue:
        found = await opened(venue)
        assert isinstance(found, Opened)
        assert len(found.symbols) > 300
        assert asked(venue) == [0, 28, 3, 34, 4]


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "refuse", "on": "request", "command": 34, "code": 1},
        {"do": "truncate", "on": "answer", "command": 34, "bytes": 40},
    ],
)
async def test_a_compressed_list_that_cannot_be_had_is_asked_for_plainly(fault: dict[str, Any]) -> None:
    many = tuple(SymbolSettings(name=f"MORE{number}", like="EURUSD") for number in range(300))
    async with running(Settings(symbols=many)) as venue:
        venue.control("fault", fault=fault)
        found = await opened(venue)
        assert isinstance(found, Opened)
        assert len(found.symbols) == len(venue.venue.specs)
        assert asked(venue) == [0, 28, 3, 34, 6, 4]


# Getting in.


async def test_the_second_session_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as venue:
        keys = Keys()
        assert isinstance(await opened(venue, keys=keys), Opened)
        first = (keys.token, keys.ticket, keys.number)
        assert [len(first[0]), len(first[1])] == [64, 160]
        wrong = Credentials(HEDGE, "not the password")
        asked_for: list[Request] = []
        ask = Connection.ask

        async def noted(connection: Connection, request: Request, *more: Any) -> Any:
            asked_for.append(request)
            return await ask(connection, request, *more)

        monkeypatch.setattr(Connection, "ask", noted)
        assert isinstance(await opened(venue, wrong, keys), Opened)
        token, login = asked_for[0].value.token, asked_for[1].value
        assert (token, login.password_ticket, login.session) == first
        assert (login.password, login.otp) == ("", "")
        assert keys.number == first[2] + 1
        assert keys.token != first[0]
        assert keys.ticket != first[1]


async def test_a_refused_ticket_is_forgotten_and_the_password_tried_once() -> None:
    async with running() as venue:
        keys = Keys()
        await opened(venue, keys=keys)
        old = keys.ticket
        venue.control("fault", fault={"do": "refuse_ticket", "on": "request", "command": 28})
        before = len(asked(venue))
        assert isinstance(await opened(venue, keys=keys), Opened)
        assert asked(venue)[before:].count(28) == 2
        assert keys.ticket != old
        # Once: with the wrong password it is over.
        venue.control("fault", fault={"do": "refuse_ticket", "on": "request", "command": 28})
        before = len(asked(venue))
        assert await opened(venue, Credentials(HEDGE, "wrong"), keys) == TurnedAway(3)
        assert asked(venue)[before:] == [0, 28, 28]
        assert (keys.ticket, keys.number) == (b"", 0)


@pytest.mark.parametrize("code", [1, 2, 100])
async def test_a_venue_that_is_away_costs_no_ticket_and_no_password(code: int) -> None:
    async with running() as venue:
        keys = Keys()
        await opened(venue, keys=keys)
        ticket = keys.ticket
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 28, "code": code})
        before = len(asked(venue))
        why = await outage(venue, keys)
        assert isinstance(why, Unavailable)
        assert (why.code, keys.ticket, asked(venue)[before:]) == (code, ticket, [0, 28])


@pytest.mark.parametrize("code", [3, 4, 5, 6, 9, 201])
async def test_codes_that_trying_again_does_not_heal(code: int) -> None:
    async with running() as venue:
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 28, "code": code})
        assert await opened(venue) == TurnedAway(code)
        assert asked(venue) == [0, 28]


@pytest.mark.parametrize("code", [1, 2, 7, 8, 77, 100, 255])
async def test_codes_that_may_heal(code: int) -> None:
    async with running() as venue:
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 28, "code": code})
        why = await outage(venue)
        assert isinstance(why, Unavailable)
        assert (why.command, why.code) == (28, code)


async def test_a_token_that_is_not_liked_is_forgotten() -> None:
    async with running() as venue:
        keys = Keys(token=b"x" * 64)
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 0, "code": 2})
        assert isinstance(await outage(venue, keys), Unavailable)
        assert keys.token == b""


async def test_one_time_codes() -> None:
    accounts = (AccountSettings(login=HEDGE, otp_secret=BASE32),)
    async with running(accounts=accounts) as venue:
        assert await opened(venue) == TurnedAway(5)
        keys = Keys()
        assert isinstance(await opened(venue, Credentials(HEDGE, PAPER, Totp(BASE32)), keys), Opened)
        assert isinstance(await opened(venue, WHO, keys), Opened)  # the ticket stands for both

        moments: list[float] = []

        def stale(now_s: float) -> str:
            moments.append(now_s)
            return pyotp.TOTP(BASE32).at(int(now_s) - 300)

        assert await opened(venue, Credentials(HEDGE, PAPER, stale)) == TurnedAway(201)
        assert moments == [START / 1000]


async def test_a_password_that_must_be_changed_ends_the_start_up() -> None:
    accounts = (AccountSettings(login=HEDGE, rights=("password_change",)),)
    async with running(accounts=accounts) as venue:
        assert await opened(venue) == TurnedAway(None)
        assert asked(venue) == [0, 28, 3]


async def test_other_rights_are_let_in() -> None:
    accounts = (AccountSettings(login=HEDGE, rights=("read_only",)),)
    async with running(accounts=accounts) as venue:
        found = await opened(venue)
        assert isinstance(found, Opened)
        assert found.account.main.rights == 512


# What goes wrong on the way.


@pytest.mark.parametrize("command", [0, 28, 51, 3, 6, 4])
@pytest.mark.parametrize(
    ("do", "kind"),
    [("refuse", Unavailable), ("close", ConnectionEnded), ("abort", ConnectionEnded)],
)
async def test_each_step_can_fail(command: int, do: str, kind: type[Outage]) -> None:
    async with running() as venue:
        venue.control("fault", fault={"do": do, "on": "answer", "command": command, "code": 1})
        assert isinstance(await outage(venue), kind)
        assert isinstance(await opened(venue), Opened)


@pytest.mark.parametrize("command", [28, 3, 6, 4])
async def test_a_body_cut_short_is_never_taken_for_less(command: int) -> None:
    """TC-R3: half a snapshot is no snapshot."""
    async with running() as venue:
        await buy(venue)
        venue.control("fault", fault={"do": "truncate", "on": "answer", "command": command, "bytes": 60})
        assert isinstance(await outage(venue), AnswerUnreadable)


async def test_a_step_without_an_answer_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as venue:
        venue.control("fault", fault={"do": "lose", "on": "answer", "command": 4})
        async with connection_to(venue) as connection:
            asking = connection.ask
            monkeypatch.setattr(connection, "ask", lambda request: asking(request, 0.3))
            with pytest.raises(TimedOut):
                await open_account(connection, WHO, Keys())


@pytest.mark.slow
async def test_cuts_at_any_byte_are_outages_and_the_next_session_opens() -> None:
    random = Random(5)
    async with running() as venue:
        keys, ends = Keys(), set()
        for _ in range(60):
            command, size = random.choice([0, 28, 51, 3, 6, 4]), random.randrange(3000)
            venue.control(
                "fault", fault={"do": "abort_after", "on": "answer", "command": command, "bytes": size}
            )
            async with connection_to(venue) as connection:
                try:
                    assert isinstance(await open_account(connection, WHO, keys), Opened)
                except ConnectionEnded as why:
                    ends.add(why.ended.reason)
        assert ends == {Reason.LOST}
        assert isinstance(await opened(venue, keys=keys), Opened)
        await venue.gone()


# Secrets.


async def test_secrets_are_shown_nowhere() -> None:
    secret, password = "JBSWY3DPEHPK3PXP", "hunter2-hunter2"
    async with running() as venue:
        keys = Keys()
        await opened(venue, keys=keys)
        who = Credentials(HEDGE, password, Totp(secret))
        venue.control("fault", fault={"do": "abort", "on": "request", "command": 28})
        async with connection_to(venue) as connection:
            with pytest.raises(ConnectionEnded) as caught:
                await open_account(connection, who, Keys())
        ended = caught.value.ended
        shown = f"{who!r} {keys!r} {connection!r} {caught.value!r} {caught.value} {ended!r} {ended}"
        shown += f"{caught.value.request!r}"
        for hidden in (
            password,
            secret,
            keys.token.hex(),
            keys.ticket.hex(),
            str(keys.token),
            str(keys.ticket),
        ):
            assert hidden not in shown
        assert str(keys.number) not in repr(keys)
        assert [request.command for request in ended.unanswered] == [28]


# What is watched.


async def test_a_subscription_brings_ticks_of_exactly_these() -> None:
    async with running() as venue:
        heard: list[Any] = []
        async with connected(Address.of(venue.url), Session(Role.TERMINAL), heard.extend) as connection:
            found = await open_account(connection, WHO, Keys())
            assert isinstance(found, Opened)
            await subscribe_ticks(connection, chosen(found.symbols, ["EURUSD"]).symbols)
            await connection.ask(Request(51))
            heard.clear()
            venue.quote(1.2, 1.3)
            venue.quote(100.0, 100.1, symbol="USDJPY")
            await connection.ask(Request(51))
            ticks = [
                tick for push in heard if isinstance(push, Push) and push.command == 8 for tick in push.value
            ]
            (euro,) = [symbol for symbol in found.symbols if symbol.trade_symbol == "EURUSD"]
            assert {tick.symbol_id for tick in ticks} == {euro.symbol_id}
            assert replace(euro, digits=5) == euro


async def test_a_refused_subscription_is_an_outage() -> None:
    async with running() as venue, connection_to(venue) as connection:
        await open_account(connection, WHO, Keys())
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 7, "code": 2})
        with pytest.raises(Unavailable):
            await subscribe_ticks(connection, [Symbol()])
