"""Commands when two things go wrong at once: disk, session, operator, identity."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.eventlog.errors import JournalFull
from oms.ingest.standing import FENCE
from oms.recorder import Recorder
from oms.sessions.outage import Outage, Reason
from tests.dispatch.desked import Desked, desked, quicker
from tests.paper.running import NET, Running

pytestmark = [pytest.mark.trio, pytest.mark.slow]


async def full(self: Recorder, *args: Any, **more: Any) -> None:
    raise JournalFull(self.path, "the disk is full")


async def test_what_never_left_is_not_in_doubt(trading: Desked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session ends while the intent is on its way to the disk."""
    commit = Recorder._commit

    async def slow(self: Recorder, drafts: Any) -> Any:
        found = await commit(self, drafts)
        if any(draft.type == "command.sending" for draft in drafts):
            assert trading.held.account.connection is not None
            trading.held.account.connection.end(Reason.LOST)
            with trio.CancelScope(shield=True):
                await trio.sleep(0.1)
        return found

    monkeypatch.setattr(Recorder, "_commit", slow)
    found = await trading.buy(id="7f3c", wait=1)
    assert (found["status"], found["reasons"][0]["code"]) == ("rejected", "not_sent")
    assert trading.requests() == []
    assert trading.types("command.unknown") == []
    assert trading.held.account.standing.permission == "active"


@pytest.mark.parametrize("marker", [True, False])
async def test_a_conflict_that_cannot_be_written_lets_go_of_nobody_else(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: bool
) -> None:
    options = quicker(answer_s=5, outcome_s=5, marker=marker)
    async with desked(running, tmp_path, options=options) as trading:
        trading.fault("delay", on="answer", command=12, seconds=1)
        replies: list[dict[str, Any]] = []

        async def go(**fields: Any) -> None:
            replies.append(await trading.buy(**fields))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(go, id="first"))
            await trading.held.until(lambda: len(trading.requests()) == 1)
            nursery.start_soon(partial(go, id="x"))
            await trading.held.until(lambda: ("default", "x") in trading.desk.pending)
            with monkeypatch.context() as broken:
                broken.setattr(Recorder, "write", full)
                refused = await trading.buy("0.2", id="x")
            assert refused["reasons"][0]["code"] == "not_recorded"
            nursery.start_soon(partial(go, id="x"))
            await trading.venue.advance(1500)
        assert len(trading.requests()) == 2
        assert [one["status"] for one in replies] == ["filled"] * 3
        assert len({one["order"] for one in replies}) == 2


async def test_a_fence_is_lifted_by_nobody(trading: Desked) -> None:
    await trading.held.account.standing.halt(FENCE + "another_epoch")
    for verb in ("halt", "panic", "reduce"):
        await trading.operate(verb)
        told = await trading.operate("resume")
        assert (told["status"], told["permission"], told["reasons"][0]["code"]) == (
            *("denied", "halted", "fenced"),
        )
    assert (await trading.buy())["status"] == "denied"


async def test_a_halt_on_a_full_disk_halts(trading: Desked, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Recorder, "write", full)
        told = await trading.operate("halt")
        assert (told["status"], told["permission"]) == ("done", "halted")
        assert "cannot be written" in told["message"]
    assert (await trading.buy())["reasons"][0]["code"] == "halted"
    await trading.held.until(
        lambda: trading.held.events("account.state")[-1]["permission"] == "halted", seconds=5
    )


async def test_a_check_on_a_full_disk_is_answered(trading: Desked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorder, "write", full)
    found = await trading.ask("check", symbol="EURUSD.ins", side="buy", volume="0.1")
    assert found["final"] is True


async def test_panic_goes_ahead_of_as_many_as_may_wait(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(waiting=2, answer_s=5, outcome_s=5)) as trading:
        await trading.buy()
        trading.fault("delay", on="answer", command=12, seconds=1)
        told: list[dict[str, Any]] = []

        async def panic() -> None:
            told.append(await trading.operate("panic", wait=5))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.buy, id="a"))
            await trading.held.until(lambda: len(trading.requests()) == 2)
            for name in ("b", "c"):
                nursery.start_soon(partial(trading.buy, id=name, wait=0))
            waiting = {("default", "b"), ("default", "c")}
            await trading.held.until(lambda: waiting <= trading.desk.pending.keys())
            nursery.start_soon(panic)
            await trading.venue.advance(1500)
        assert (told[0]["status"], told[0]["permission"]) == ("done", "halted")
        assert list(trading.held.books.positions) == []


async def test_a_doubt_about_a_cancel_keeps_panic_from_nothing(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        await trading.buy()
        await trading.buy(type="limit", price="1.0500")
        trading.fault("refuse", on="request", command=12, code=2)
        told = await trading.operate("panic", wait=5)
        assert (told["status"], told["final"], told["permission"]) == ("rejected", True, "halted")
        assert [one["status"] for one in told["commands"][0]["children"]] == ["unknown"]
        assert [one["status"] for one in told["commands"][1]["children"]] == ["filled"]
        assert list(trading.held.books.positions) == []


async def test_panic_closes_what_is_filled_while_it_sweeps(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(outcome_s=30)) as trading:
        trading.fault("slow_dealer", seconds=2)
        told: list[dict[str, Any]] = []

        async def panic() -> None:
            told.append(await trading.operate("panic", wait=20))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.buy, id="a", wait=0))
            await trading.held.until(lambda: "command.answered" in trading.types())
            nursery.start_soon(panic)
            await trading.held.until(lambda: trading.types("command.outcome").count("command.outcome") == 2)
            await trading.venue.advance(3000)
        assert (told[0]["status"], told[0]["permission"]) == ("done", "halted")
        assert [one["verb"] for one in told[0]["commands"]] == ["cancel_all", "close_all"] * 2
        assert list(trading.held.books.positions) == []


async def test_a_panic_is_not_ended_by_another(trading: Desked) -> None:
    """Each may close what is halted until it is over itself."""
    await trading.buy()
    trading.desk.judge.panics += 1
    await trading.operate("panic")
    assert trading.desk.judge.panics == 1


async def test_panic_waits_for_a_session_that_is_away(trading: Desked) -> None:
    await trading.buy()
    assert trading.held.account.connection is not None
    trading.held.account.connection.end(Reason.LOST)
    told = await trading.operate("panic", wait=10)
    assert (told["status"], told["permission"]) == ("done", "halted")
    assert list(trading.held.books.positions) == []


@pytest.mark.parametrize("command", [18, 4])
async def test_a_slow_question_puts_no_order_in_doubt(running: Running, tmp_path: Path, command: int) -> None:
    """Another session is needed, but only when the order has its outcome (docs/semantics.md 0)."""
    async with desked(running, tmp_path, options=quicker(answer_s=30, outcome_s=60)) as trading:
        await trading.buy()
        connection = trading.held.account.connection
        trading.fault("slow_dealer", seconds=3)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.buy, id="7f3c", wait=10))
            await trading.held.until(lambda: trading.types().count("command.answered") == 2)
            trading.fault("lose", on="request", command=command)
            if command == 18:
                with suppress(Outage):
                    await trading.desk.account.specification("EURUSD.exc")
            else:
                assert trading.held.account.conversation is not None
                trading.held.account.conversation.doubt("operator")
                await trio.sleep(3.5)
            assert trading.held.account.connection is connection
            await trading.venue.advance(4000)
        assert trading.types("command.unknown") == []
        assert (await trading.buy(id="7f3c"))["status"] == "filled"
        await trading.held.until(lambda: trading.held.account.connection is not connection)


async def test_what_was_queued_later_is_not_called_off(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(answer_s=5, outcome_s=5)) as trading:
        trading.fault("delay", on="answer", command=12, seconds=1)
        found: dict[str, str] = {}

        async def queued(name: str, what: str, second: int, **fields: Any) -> None:
            body = json.dumps({"id": name, "deadline": "2024-05-15T08:00:00Z"} | fields).encode()
            pending = await trading.intake.queued(what, {}, body, f"2024-05-15T07:00:{second:02}.000000000Z")
            await trading.desk.outcome(pending, 5)
            outcome = trading.intake.outcome(pending)
            found[name] = outcome.reasons[0].code if outcome.reasons else outcome.status

        order = {"symbol": "EURUSD", "side": "buy", "volume": "0.1"}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.buy, id="first"))
            await trading.held.until(lambda: len(trading.requests()) == 1)
            for name, second in (("before", 1), ("behind", 5)):
                nursery.start_soon(partial(queued, name, "submit", second, **order))
                await trading.held.until(partial(trading.desk.pending.__contains__, ("default", name)))
            nursery.start_soon(queued, "all", "close_all", 3)
            await trading.held.until(lambda: ("default", "all") in trading.desk.pending)
            await trading.venue.advance(1500)
        assert found == {"before": "overtaken", "behind": "filled", "all": "done"}


async def test_a_comment_that_looks_like_a_marker_is_the_users(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path, options=quicker(marker=False)) as trading:
        assert (await trading.buy(comment="x~ABCDEFGHIJ"))["status"] == "filled"


async def test_a_cancel_names_a_submit(trading: Desked) -> None:
    placed = await trading.buy(id="s", type="limit", price="1.0500")
    await trading.ask("modify", id="m", order=placed["order"], price="1.0400")
    found = await trading.ask("cancel", command="m")
    assert (found["status"], found["reasons"][0]["code"]) == ("denied", "unknown_command")


async def test_a_reversed_position_goes_by_its_identifier_and_by_its_ticket(
    running: Running, tmp_path: Path
) -> None:
    async with desked(running, tmp_path, login=NET) as trading:
        first = await trading.buy("0.10")
        reversing = await trading.buy("0.30", side="sell")
        (held,) = trading.held.books.positions
        assert (held.position, held.ticket) == (first["order"], reversing["order"])
        for name in (first["order"], reversing["order"]):
            closed = await trading.ask("close", position=name, volume="0.05")
            assert (closed["status"], closed["filled"]) == ("filled", "0.05")
        assert (await trading.ask("modify", position=reversing["order"], sl="1.2000"))["status"] == "done"


async def test_a_question_that_cannot_be_asked_again_ends_no_account(
    running: Running, tmp_path: Path
) -> None:
    """While an order keeps the session, its poisoned command is wanted once more."""
    async with desked(running, tmp_path, options=quicker(answer_s=30, outcome_s=60)) as trading:
        await trading.buy()
        connection, talk = trading.held.account.connection, trading.held.account.conversation
        assert talk is not None
        trading.fault("slow_dealer", seconds=3)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.buy, id="7f3c", wait=10))
            await trading.held.until(lambda: trading.types().count("command.answered") == 2)
            trading.fault("lose", on="request", command=18)
            with suppress(Outage):
                await trading.desk.account.specification("EURUSD.exc")
            talk.watching.specified.discard("EURUSD.ins")
            talk.watching._watched.pop("EURUSD.ins", None)
            talk.watching.want("EURUSD.ins")
            await trio.sleep(0.2)
            assert trading.held.account.connection is connection
            assert trading.held.account.connected
            await trading.venue.advance(4000)
        assert trading.types("command.unknown") == []
        await trading.held.until(lambda: trading.held.account.connection is not connection)
        await trading.until_ready()
        assert (await trading.buy(id="7f3c"))["status"] == "filled"
