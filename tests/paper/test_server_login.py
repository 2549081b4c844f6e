"""Getting in, over a real WebSocket: passwords, tickets, tokens, codes (docs/protocol.md 2.2, 4.1)."""

import pyotp
import pytest
from msgspec.structs import replace

from oms.paper.faults import Fault
from oms.paper.settings import AccountSettings
from protocol.enums import Code, Rights
from protocol.messages import Answer, Refused
from protocol.records.access import ChangePassword, Init, Login, OtpSetup
from protocol.records.account import AccountMain
from protocol.records.onboarding import Opening
from protocol.records.trade import HistoryRequest, OpenTrades
from protocol.session import UnreadableBody

from .running import HEDGE, NET, START, running
from .terminal import Terminal, connected

pytestmark = pytest.mark.trio
PAPER, LOOK, NEW = "paper", "look", "n3w-password"
BASE32 = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def refusal(terminal: Terminal, **fields: object) -> int:
    """The code byte that a login meets; 0 where it is let in."""
    reply = await terminal.reply(28, Login(**fields))  # type: ignore[arg-type]
    return reply.code if isinstance(reply, Refused) else 0


async def main_of(terminal: Terminal) -> AccountMain:
    body = await terminal.ask(3)
    main: AccountMain = body.main
    return main


@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("echo", [False, True])
async def test_key_length_and_prefix(length: int, echo: bool) -> None:
    protocol = {"key_length": length, "echo_prefix": echo}
    async with running(protocol=protocol) as venue, connected(venue.url) as terminal:
        terminal.session._prefix = lambda: b"\x11\x22"
        answer = await terminal.bootstrap()
        assert (answer.server_word, len(answer.token), len(answer.key)) == (5687, 64, length)
        await terminal.login(HEDGE)
        await terminal.ask(51)
        prefixes = {frame.prefix for frame in terminal.frames}
        assert (prefixes == {b"\x11\x22"}) is echo
        assert all(byte <= 254 for prefix in prefixes for byte in prefix)


async def test_a_prefix_is_echoed_around_another_body_too() -> None:
    """Answer 34 as zlib, and answers that a fault cuts, that of the bootstrap among them."""
    faults = tuple(Fault(do="truncate", on="answer", command=command, bytes=80) for command in (0, 4))
    protocol = {"echo_prefix": True, "compressed": "zlib"}
    async with running(protocol=protocol, faults=faults) as venue:
        async with connected(venue.url) as terminal:
            terminal.session._prefix = lambda: b"\x11\x22"
            with pytest.raises(UnreadableBody) as cut:
                await terminal.bootstrap()
            assert len(cut.value.body) == 80
            assert terminal.frames[0].prefix == b"\x11\x22"
        async with venue.terminal(HEDGE) as terminal:
            terminal.session._prefix = lambda: b"\x11\x22"
            assert len(await terminal.ask(34)) >= 30
            assert terminal.frames[-1].body[4:6] == b"\x78\x9c"  # a zlib stream
            await terminal.ask(4)
            assert {frame.prefix for frame in terminal.frames[-2:]} == {b"\x11\x22"}


async def test_password_investor_and_wrong_password() -> None:
    async with running() as venue, venue.terminal() as terminal:
        wrong = int(Code.INVALID_ACCOUNT_OR_PASSWORD)
        assert wrong == 3
        assert await refusal(terminal, login=HEDGE, password="P" + PAPER[1:]) == 3
        assert await refusal(terminal, login=9, password=PAPER) == 3
        assert await refusal(terminal, login=HEDGE) == 3
        assert await refusal(terminal, login=HEDGE, password_ticket=b"x" * 160) == 3
        assert await refusal(terminal, login=HEDGE, password=PAPER) == 0
        assert (await main_of(terminal)).rights == 0
        async with venue.terminal(HEDGE, "look") as investor:
            assert (await main_of(investor)).rights == Rights.INVESTOR
            assert await investor.buy() == 0
            assert (await investor.push(19)).result.retcode == 10017


async def test_ticket_and_token_of_an_earlier_session() -> None:
    async with running() as venue:
        async with venue.terminal(HEDGE) as first:
            token, ticket, number = first.session.token, first.session.ticket, first.session.number
        async with connected(venue.url) as second:
            fresh = await second.bootstrap(token)
            answer = await second.login(HEDGE, "", password_ticket=ticket, session=number)
            assert answer.session == number + 1
            assert fresh.token != token
            assert answer.password_ticket != ticket
        async with venue.terminal() as other:
            assert await refusal(other, login=NET, password_ticket=ticket) == 3
        async with venue.terminal(HEDGE, "look") as investor:
            ticket = investor.session.ticket
        async with venue.terminal() as again:
            await again.login(HEDGE, "", password_ticket=ticket)
            assert (await main_of(again)).rights == Rights.INVESTOR


async def test_a_login_answer_without_the_session_number() -> None:
    async with running(protocol={"session_number": False}) as venue, venue.terminal() as terminal:
        assert (await terminal.login(HEDGE)).session is None
        assert len(terminal.frames[-1].body) == 160


async def test_password_is_really_changed_and_its_tickets_die() -> None:
    async with running() as venue:
        async with venue.terminal(HEDGE) as terminal:
            ticket = terminal.session.ticket

            async def change(new: str, old: str, investor: int = 0) -> int:
                result = await terminal.ask(24, ChangePassword(investor, new, old))
                return int(result.result)

            assert await change("n3w-password", "wrong") != 0
            assert await change("short", "paper") != 0
            assert await change("n3w-password", "paper") == 0
            assert await change("n3w-look", "n3w-password", investor=1) == 0
        async with venue.terminal() as next_one:
            assert await refusal(next_one, login=HEDGE, password=PAPER) == 3
            assert await refusal(next_one, login=HEDGE, password=LOOK) == 3
            assert await refusal(next_one, login=HEDGE, password_ticket=ticket) == 3
            assert await refusal(next_one, login=HEDGE, password=NEW) == 0
        async with venue.terminal(HEDGE, "n3w-look") as investor:
            assert (await main_of(investor)).rights == Rights.INVESTOR
            result = await investor.ask(24, ChangePassword(0, "n3w-password", "n3w-look"))
            assert result.result != 0


async def test_a_password_that_must_be_changed() -> None:
    accounts = (AccountSettings(login=HEDGE, rights=("password_change",)),)
    async with running(accounts=accounts) as venue, venue.terminal(HEDGE) as terminal:
        assert (await main_of(terminal)).rights == 1024
        await terminal.buy()
        assert (await terminal.push(19)).result.retcode == 10017
        assert (await terminal.ask(24, ChangePassword(0, "n3w-password", "paper"))).result == 0
        assert (await terminal.push(14)).main.rights == 0
        await terminal.buy()
        assert (await terminal.push(19)).result.retcode == 10009


@pytest.mark.parametrize(
    ("rights", "bits", "code"), [("read_only", 512, 10017), ("trade_disabled", 4, 10017)]
)
async def test_rights_of_the_account(rights: str, bits: int, code: int) -> None:
    accounts = (AccountSettings(login=HEDGE, rights=(rights,)),)  # type: ignore[arg-type]
    async with running(accounts=accounts) as venue, venue.terminal(HEDGE) as terminal:
        assert (await main_of(terminal)).rights == bits
        await terminal.buy()
        assert (await terminal.push(19)).result.retcode == code
        venue.control("rights", login=HEDGE, rights=0)
        assert (await terminal.push(14)).main.rights == 0


async def test_one_time_codes() -> None:
    accounts = (AccountSettings(login=HEDGE, otp_secret=BASE32),)
    totp = pyotp.TOTP(BASE32)
    async with running(accounts=accounts) as venue:
        async with venue.terminal() as terminal:
            assert await refusal(terminal, login=HEDGE, password=PAPER) == 5
            stale = totp.at(START // 1000 - 300)
            assert await refusal(terminal, login=HEDGE, password=PAPER, otp=stale) == 201
            assert await refusal(terminal, login=HEDGE, password=NEW, otp=totp.at(START // 1000)) == 3
            assert await refusal(terminal, login=HEDGE, password=PAPER, otp=totp.at(START // 1000)) == 0
            assert (await main_of(terminal)).otp_status == 1
            ticket = terminal.session.ticket
        async with venue.terminal() as again:  # the ticket stands for password and code
            await again.login(HEDGE, "", password_ticket=ticket)


async def test_two_factor_on_and_off() -> None:
    now = pyotp.TOTP(BASE32).at(START // 1000)
    async with running() as venue:
        setup = OtpSetup(5, HEDGE, "paper", otp_secret=BASE32, otp_secret_check=now)
        async with venue.terminal() as terminal:
            unproved = OtpSetup(5, HEDGE, "paper", otp_secret=BASE32, otp_secret_check=now[::-1])
            answer = await terminal.reply(43, unproved)
            assert isinstance(answer, Refused)
            assert answer.code == 201
            assert isinstance(await terminal.reply(43, setup), Answer)
            assert await refusal(terminal, login=HEDGE, password=PAPER) == 5
            assert await refusal(terminal, login=HEDGE, password=PAPER, otp=now) == 0
        async with venue.terminal() as terminal:
            assert isinstance(await terminal.reply(43, OtpSetup(5, HEDGE, "paper")), Refused)
            assert isinstance(await terminal.reply(43, OtpSetup(5, HEDGE, "paper", otp=now)), Answer)
            assert await refusal(terminal, login=HEDGE, password=PAPER) == 0


async def test_two_factor_by_ticket() -> None:
    now = pyotp.TOTP(BASE32).at(START // 1000)
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        setup = OtpSetup(5, HEDGE, otp_secret=BASE32, otp_secret_check=now)
        by_ticket = replace(setup, password_ticket=terminal.session.ticket)
        assert isinstance(await terminal.reply(43, by_ticket), Answer)
        assert venue.venue.accounts[HEDGE].otp_secret == BASE32


async def test_pushes_go_to_all_sessions_of_the_account_and_to_no_other() -> None:
    async with (
        running() as venue,
        venue.terminal(HEDGE) as one,
        venue.terminal(HEDGE) as two,
        venue.terminal(HEDGE, "look") as investor,
        venue.terminal(NET) as stranger,
    ):
        assert await one.buy() == 0
        assert [message.command for message in await one.settled()] == [12, 10, 10, 10, 10, 19]
        assert [message.command for message in await two.settled()] == [10, 10, 10, 10]
        assert [message.command for message in await investor.settled()] == [10, 10, 10, 10]
        assert await stranger.settled() == []
        assert await stranger.ask(4) == OpenTrades()
        assert len((await two.ask(4)).positions) == 1


async def test_secrets_are_in_no_request_listing() -> None:
    async with running() as venue, venue.terminal(HEDGE) as terminal:
        await terminal.ask(24, ChangePassword(0, "n3w-password", "paper"))
        await terminal.ask(5, HistoryRequest(7, 9))
        async with venue.terminal() as visitor:
            await visitor.ask(29, Init())
            await visitor.ask(30, Opening(phone_password=NEW))
        told = venue.control("truth")["requests"]
        assert [(one["command"], one["hex"]) for one in told] == [
            (0, ""),
            (28, ""),
            (24, ""),
            (5, "0700000009000000"),
            (0, ""),
            (29, ""),
            (30, ""),
        ]
