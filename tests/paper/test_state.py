"""The state file: what a restarted venue still knows, and what it will not read."""

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from trio_websocket import ConnectionClosed

from oms.paper.listing import SymbolSettings
from oms.paper.model import Account
from oms.paper.passes import Pass
from oms.paper.settings import AccountSettings
from oms.paper.state import Difference, Line, State, StateError
from protocol.enums import MarginMode
from protocol.messages import Message, Refused
from protocol.records.access import ChangePassword, Init, Login
from protocol.records.onboarding import Opening
from protocol.records.trade import Deal, Order, Position

from .running import HEDGE, NET, ToldClock, running

trio_test = pytest.mark.trio


def account(login: int = 1, **fields: Any) -> Account:
    return Account(login, "n", "USD", 2, MarginMode.RETAIL_HEDGING, 100, "p", "i", **fields)


def begun(path: Path, *accounts: Account) -> State:
    state = State(path)
    state.begin(accounts, {"order": 1, "deal": 1, "day": 1}, 0, (), ())
    return state


def kept(state: State, *accounts: Account, **marks: int) -> None:
    state.keep(accounts, {"order": 1, "deal": 1, "day": 1} | marks, 0)


def known(path: Path) -> State:
    state = State(path)
    state.close()
    return state


# The file.


def test_every_kind_of_change_comes_back(tmp_path: Path) -> None:
    one, path = account(), tmp_path / "state"
    state = begun(path, one)
    one.orders[3] = Order(3, comment="half of \ud83d", price_order=0.1 + 0.2)
    one.positions[2] = Position(2, trade_volume=7)
    one.deals += [Deal(1, profit=-0.07), Deal(2), Deal(3)]
    one.history.append(Order(1))
    one.balance, one.credit = Decimal("10.01"), Decimal("-0.30")
    kept(state, one, order=4)
    one.orders[3] = replace(one.orders[3], volume_current=5)
    one.orders[4] = Order(4)
    kept(state, one, order=5)
    del one.orders[3], one.positions[2]
    one.deals[1] = replace(one.deals[1], profit=1.5)  # amended
    del one.deals[2]  # removed
    one.deals.append(Deal(4))
    one.history.append(Order(3))
    one.password, one.rights = "q", 4
    kept(state, one, order=6, deal=9)
    state.close()
    found = known(path).known
    assert found.accounts == {1: one}
    assert found.marks == {"order": 6, "deal": 9, "day": 1}
    assert found.starts == 2


def test_nothing_is_written_without_a_change_and_little_for_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "state"
    one = account(deals=[Deal(number) for number in range(1, 5001)])
    state = begun(path, one)
    size = path.stat().st_size
    assert size > 5000 * 100
    kept(state, one)
    assert path.stat().st_size == size
    one.deals.append(Deal(5001))
    kept(state, one)
    assert size < path.stat().st_size < size + 1500
    state.close()
    assert known(path).known.accounts[1].deals == one.deals


def test_a_change_is_in_the_file_when_keep_returns(tmp_path: Path) -> None:
    """Read by somebody else while the venue still has the file open, as after a kill."""
    path, one = tmp_path / "state", account()
    state = begun(path, one)
    one.deals.append(Deal(1))
    kept(state, one)
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[-1])["accounts"][0]["deals"][0]["deal"] == 1
    state.heard({"command": 12})
    assert json.loads(path.read_bytes().splitlines()[-1]) == {"requests": [{"command": 12}]}
    state.close()


def test_tickets_sessions_and_requests_come_back(tmp_path: Path) -> None:
    path, given = tmp_path / "state", (b"\x01" * 160, Pass(1, True, "i"))
    state = begun(path, account())
    state.keep([], {"order": 1, "deal": 1, "day": 1}, 7, [given])
    state.heard({"command": 12, "hex": "00"})
    state.close()
    found = known(path).known
    assert (found.passes, found.sessions, found.requests) == ([given], 7, [{"command": 12, "hex": "00"}])
    assert "password" not in repr(given[1])


def test_what_was_begun_anew_holds_everything_in_two_lines(tmp_path: Path) -> None:
    path, one = tmp_path / "state", account()
    state = begun(path, one)
    for number in range(1, 50):
        one.deals.append(Deal(number))
        kept(state, one)
    state.begin([one], {"order": 1, "deal": 50, "day": 1}, 0, (), ())
    one.deals.append(Deal(50))
    kept(state, one)
    state.close()
    assert len(path.read_bytes().splitlines()) == 3
    assert known(path).known.accounts[1].deals == one.deals
    assert not path.with_name("state.new").exists()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state"
    begun(path, account()).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_last_line_without_its_end_was_told_to_nobody(tmp_path: Path) -> None:
    path, one = tmp_path / "state", account()
    state = begun(path, one)
    one.deals.append(Deal(1))
    kept(state, one)
    state.close()
    whole = path.read_bytes()
    for cut in (1, 2, 20):
        path.write_bytes(whole[:-cut])
        assert known(path).known.accounts[1].deals == []
    path.write_bytes(whole)
    assert known(path).known.accounts[1].deals == [Deal(1)]


HEAD = b'{"format":"oms paper state","version":1,"starts":1}\n'


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"hello\n", 1, "is no state of a paper venue"),
        (b"hello", 1, "is no state of a paper venue"),
        (b"\xff\xfe\n\x00", 1, "is no state of a paper venue"),
        (b"[]\n", 1, "does not begin with the format"),
        (b'{"format":"other"}\n', 1, "does not begin with the format"),
        (HEAD.replace(b'n":1', b'n":2'), 1, "version 2, and only 1 can be read"),
        (HEAD + b"{}\nx\n{}\n", 3, "is damaged"),
        (HEAD + b'{"account":[]}\n', 2, "unknown field `account`"),
        (HEAD + b'{"accounts":[{"login":1,"terms":{"login":1}}]}\n', 2, "is damaged"),
        (HEAD + b'{"accounts":[{"login":1,"orders_gone":[5]}]}\n', 2, "is damaged"),
        (
            HEAD + b'{"tickets":[{"ticket":"zz","login":1,"investor":true,"password":"hunter2"}]}\n',
            2,
            "damaged",
        ),
        (HEAD + b"[" * 100_000 + b"\n", 2, "is damaged"),
    ],
)
def test_what_is_no_state_is_named_and_left_alone(
    tmp_path: Path, content: bytes, line: int, message: str
) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(StateError, match=message) as caught:
        State(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "hunter2" not in str(caught.value)
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


UNFIT: list[tuple[str, dict[str, Any]]] = [
    ("deals: time_create: does not fit u32", {"deals": [{"deal": 1, "time_create": 2**32}]}),
    ("deals: trade_reason: 19 is none of its values", {"deals": [{"deal": 1, "trade_reason": 19}]}),
    ("deals: profit: 1e.300 is not a number", {"deals": [{"deal": 1, "profit": 1e300}]}),
    ("positions: trade_volume: does not fit u64", {"positions": [{"trade_volume": 2**64}]}),
    ("positions: comment: does not fit utf16 64", {"positions": [{"comment": "c" * 33}]}),
    ("orders: volume_initial: does not fit i64", {"orders": [{"volume_initial": 2**63}]}),
    ("history: order_type: 9 is none", {"history": [{"order_type": 9}]}),
    ("balance: is not a number", {"balance": "NaN"}),
    ("balance: is not a number", {"balance": "1e999999"}),
    ("credit: is not a number", {"credit": "sNaN"}),
    ("digits: is not a number from 0 to 8", {"digits": 9}),
    ("leverage: is not a number from 1", {"leverage": 0}),
    ("rights: is not a number", {"rights": 2**31}),
    ("login: is not a number", {"login": 2**63}),
]


@pytest.mark.parametrize(("message", "changes"), UNFIT)
def test_what_no_venue_could_have_written_is_named(
    tmp_path: Path, message: str, changes: dict[str, Any]
) -> None:
    path = tmp_path / "state"
    begun(path, account()).close()
    head, line = path.read_bytes().splitlines()
    everything = json.loads(line)
    (kept_account,) = everything["accounts"]
    books = {name: changes[name] for name in changes if name in ("orders", "positions", "deals", "history")}
    kept_account |= books
    kept_account["terms"] |= {name: value for name, value in changes.items() if name not in books}
    path.write_bytes(head + b"\n" + json.dumps(everything).encode() + b"\n")
    with pytest.raises(StateError, match=rf"state:2: is damaged: account \d+: {message}"):
        State(path)


@pytest.mark.parametrize(
    "marks",
    [{"order": 2**63, "deal": 1, "day": 1}, {"order": 1, "deal": 0, "day": 1}, {"order": 1, "deal": 1},
     {"order": 1, "deal": 1, "day": 10**9}],
)  # fmt: skip
def test_marks_that_no_venue_has_are_named(tmp_path: Path, marks: dict[str, int]) -> None:
    path = tmp_path / "state"
    path.write_bytes(HEAD + json.dumps({"marks": marks}).encode() + b"\n")
    with pytest.raises(StateError, match="state:2: is damaged: marks: "):
        State(path)


def test_no_secret_is_in_what_a_change_shows() -> None:
    line = Line([Difference(1, terms={"password": "hunter2", "otp_secret": "HUNTER3"})])
    assert "hunter" not in repr(line).lower()
    assert "login=1" in repr(line)


def test_a_flipped_byte_in_the_middle_is_found_or_harmless(tmp_path: Path) -> None:
    path, one = tmp_path / "state", account()
    state = begun(path, one)
    one.deals.append(Deal(1, comment="c"))
    kept(state, one)
    state.close()
    whole = path.read_bytes()
    for place in range(0, len(whole) - 1, 17):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :])
        with pytest.raises(StateError):
            State(path)


def test_a_file_in_use_or_out_of_reach_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    state = begun(path, account())
    with pytest.raises(StateError, match="is in use by another venue"):
        State(path)
    state.close()
    known(path)
    with pytest.raises(StateError, match="cannot be opened: Is a directory"):
        State(tmp_path)
    with pytest.raises(StateError, match="cannot be opened: No such file"):
        State(tmp_path / "absent" / "state")


# The venue that has one.


@trio_test
async def test_a_restarted_venue_knows_what_it_told(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    async with running(state=state) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(comment="mine")
        await terminal.trade(terminal.request(5, 2, 0.2, price_order=1.09, type_filling=2))
        await terminal.ask(24, ChangePassword(0, "n3w-password", "paper"))
        ticket = (await login_again(venue, "n3w-password")).password_ticket
        venue.control("deposit", login=NET, amount="12.34")
        venue.control("amend_deal", login=NET, deal=102, changes={"comment": "checked"})
        async with venue.terminal() as visitor:
            await visitor.ask(29, Init())
            opened = await visitor.ask(30, Opening(deposit=77.0))
        truth = venue.control("truth")
        session = venue.paper.server.desk.sessions
    async with running(state=state) as again:
        now = again.control("truth")
        for name in ("orders", "deals", "accounts"):
            assert now[name] == truth[name]
        assert [one["position_id"] for one in now["positions"]] == [1]
        assert now["requests"] == truth["requests"]
        async with again.terminal() as terminal:
            wrong = await terminal.reply(28, Login(login=HEDGE, password="paper"))  # noqa: S106
            assert isinstance(wrong, Refused)
            by_ticket = await terminal.login(HEDGE, "", password_ticket=ticket)
            assert by_ticket.session == session + 1
            assert by_ticket.password_ticket != ticket
            await terminal.buy()
            result = (await terminal.push(19)).result
            assert (result.deal, result.trade_order) == (108, 3)
        async with again.terminal(opened.login, opened.password) as owner:
            assert (await owner.ask(3)).main.balance == 77.0
        again.venue.check()


async def login_again(venue: Any, password: str) -> Any:
    async with venue.terminal() as terminal:
        return await terminal.login(HEDGE, password)


@trio_test
async def test_a_restart_gives_out_no_key_or_ticket_twice(tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        async with running(state=str(tmp_path / "state")) as venue, venue.terminal(HEDGE) as terminal:
            seen |= {terminal.session.ticket, terminal.session.token}
    assert len(seen) == 6


@trio_test
async def test_days_missed_are_rolled_over_once(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    async with running(state=state) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.trade(terminal.request(5, 2, 0.2, price_order=1.09, type_filling=2, type_time=1))
        assert len(venue.venue.accounts[HEDGE].orders) == 1
    later = ToldClock()
    later.now += 24 * 3_600_000
    async with running(state=state, clock=later) as again:
        assert again.venue.accounts[HEDGE].orders == {}
        assert again.venue.accounts[HEDGE].history[-1].order_state == 6  # expired


def damaged(path: Path, harm: Callable[[dict[str, Any]], None]) -> None:
    """The file with its account 1001 changed."""
    head, line, *rest = path.read_bytes().splitlines()
    everything = json.loads(line)
    harm(next(one for one in everything["accounts"] if one["login"] == HEDGE))
    path.write_bytes(b"\n".join([head, json.dumps(everything).encode(), *rest, b""]))


@trio_test
@pytest.mark.parametrize(
    "harm",
    [
        lambda account: account["terms"].update(balance="10777.00"),
        lambda account: account["terms"].update(credit="1.00"),
        lambda account: account["deals"].pop(0),
        lambda account: account["deals"].clear(),
        lambda account: account["positions"].clear(),
    ],
    ids=["balance", "credit", "deposit", "deals", "positions"],
)
async def test_books_that_do_not_add_up_are_not_put_right(
    tmp_path: Path, harm: Callable[[dict[str, Any]], None]
) -> None:
    path = tmp_path / "state"
    async with running(state=str(path)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
    async with running(state=str(path)):
        pass  # a start writes everything into one line
    damaged(path, harm)
    before = path.read_bytes()
    with pytest.raises(StateError, match="does not add up: account 1001") as told:
        async with running(state=str(path)):
            pass
    assert told.value.path == path
    assert path.read_bytes() == before


@trio_test
async def test_the_ticket_of_a_removed_deal_is_not_given_to_a_new_account(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with running(state=str(path)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
        venue.control("remove_deal", login=HEDGE, deal=105)
    async with running(state=str(path), accounts=(AccountSettings(login=7),)) as again:
        # The first deposit of a new account is no ticket of the one that was removed.
        assert [deal.deal for deal in again.venue.accounts[7].deals] == [106]


@trio_test
async def test_terms_come_from_the_settings_and_books_from_the_file(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    async with running(state=state) as venue:
        venue.control("rights", login=HEDGE, rights=4)
    accounts = (AccountSettings(login=HEDGE, leverage=30, balance=Decimal(5)), AccountSettings(login=7))
    async with running(state=state, accounts=accounts) as again:
        told = {one["login"]: one for one in again.control("truth")["accounts"]}
        assert sorted(told) == [7, 1001, 1002, 1003, 1004]
        assert (told[HEDGE]["leverage"], float(told[HEDGE]["balance"]), told[HEDGE]["rights"]) == (
            30,
            10_000,
            4,
        )
        assert float(told[7]["balance"]) == 10_000


@trio_test
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"accounts": (AccountSettings(login=HEDGE, currency="EUR"),)}, "currency is USD here, EUR"),
        ({"accounts": (AccountSettings(login=HEDGE, margin_mode="netting"),)}, "account 1001: margin_mode"),
        ({"default_symbols": False, "symbols": "USDJPY"}, "is in EURUSD, a symbol that"),
    ],
)  # fmt: skip
async def test_settings_that_do_not_go_with_the_file(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    state = tmp_path / "state"
    async with running(state=str(state)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
    if "symbols" in changed:
        changed = changed | {"symbols": (SymbolSettings(name=changed["symbols"]),)}
    before = state.read_bytes()
    with pytest.raises(StateError, match=message):
        async with running(state=str(state), **changed):
            pass
    assert state.read_bytes() == before


@trio_test
async def test_books_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with running(state=str(state)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
    whole = state.read_bytes()
    state.write_bytes(whole.replace(b'"trade_volume":10000000', b'"trade_volume":10000001', 1))
    with pytest.raises(StateError, match="does not add up: account 1001"):
        async with running(state=str(state)):
            pass


@trio_test
async def test_ticks_that_set_nothing_off_write_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with running(state=str(state)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy()
        await terminal.settled()
        size = state.stat().st_size
        for bid in (1.1002, 1.1003, 1.1004):
            venue.quote(bid, round(bid + 0.0001, 5))
        await venue.clock.advance(1000)
        assert state.stat().st_size == size
        venue.control("deposit", login=HEDGE, amount="1")
        assert state.stat().st_size > size


@trio_test
async def test_a_trade_that_cannot_be_kept_is_told_to_nobody_and_the_venue_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up: the first sync of a change fails."""
    heard: list[Message] = []
    with pytest.RaisesGroup(
        pytest.RaisesExc(StateError, match="cannot be written: No space"), flatten_subgroups=True
    ):
        async with running(state=str(tmp_path / "state")) as venue, venue.terminal(HEDGE) as terminal:
            heard = terminal.heard
            monkeypatch.setattr(os, "fsync", full)
            with suppress(ConnectionClosed):
                await terminal.buy()
    assert heard[-1].command == 51


def full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
