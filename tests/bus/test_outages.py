"""NATS away, slow, back without its memory, taken by others: in the end the stream is the journal, or that
is told (docs/semantics.md 10, TC-L5; docs/design.md 9).
"""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest
import trio
from nats.aio.client import Client
from nats.js.api import StreamConfig

from oms.bus.bridge import bridged
from oms.bus.event_stream import DUPLICATES_S
from oms.bus.options import NatsOptions
from oms.eventlog.reader import Reader
from tests.bus.scene import QUICK, SOON_S, Writer, linked, plainly, stored, until, writer
from tests.bus.test_fence import foreign, publish
from tests.bus.test_outbox import PACE, Outbox, assert_same
from tests.bus.trickle import trickling
from tests.eventlog.scene import NOON, draft, drafts
from tests.nats import Server, nats_server

pytestmark = pytest.mark.trio
STREAM = "OMS_EVT_main"
HOUR_S, A_SECOND = 3600, 100  # events
NS = 1_000_000_000
KILLS = 6
UNHEARD = 500  # events that a publisher writes while nobody answers it


# Away, slow.


@pytest.mark.slow
async def test_tc_l5_an_hour_without_nats_at_100_events_a_second(tmp_path: Path) -> None:
    """The journal is told an hour's time; nothing about being away takes longer for it."""
    now = NOON
    with nats_server(tmp_path / "nats") as server, writer(tmp_path, clock=lambda: now) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await outbox.empty()
            server.kill()
            await until(lambda: outbox.state.text == "NATS is away")
            for second in range(HOUR_S):
                now = NOON + second * NS
                source.write(*drafts(*range(second * A_SECOND, (second + 1) * A_SECOND)))
                await trio.lowlevel.checkpoint()
            assert (outbox.state.published, outbox.state.caught_up) == (1, False)
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(300):
                while outbox.state.published < source.seq:  # noqa: ASYNC110 - as `until`, for longer
                    await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
        assert source.seq == 1 + HOUR_S * A_SECOND == 360_001
        await assert_same(server, source)
        with closing(Reader(source.path)) as reader:
            first, last = (reader.get(seq) for seq in (2, 360_001))
            assert first is not None
            assert last is not None
            began, ended = (datetime.fromisoformat(row.envelope().recorded_at[:19]) for row in (first, last))
            assert ended - began == timedelta(seconds=HOUR_S - 1)


@pytest.mark.slow
async def test_a_link_on_which_little_gets_through_is_enough(tmp_path: Path) -> None:
    """Acknowledgements come later than the outbox waits for them, again and again."""
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*(draft(number, 20_000) for number in range(20)))
        async with trickling(server.port, 4_096, 0.05) as (url, trickle):
            pace = PACE._replace(patience_s=0.15)
            async with (
                bridged(NatsOptions(urls=(url,)), limits=QUICK) as bridge,
                trio.open_nursery() as nursery,
            ):
                outbox = Outbox(nursery, bridge, source, pace)
                with trio.fail_after(120):
                    while outbox.state.published < source.seq:  # noqa: ASYNC110 - as `until`, for longer
                        await trio.sleep(0.02)
                nursery.cancel_scope.cancel()
            assert trickle.passed > 20 * 20_000
        assert {state.failed for state in outbox.states} == {""}
        assert any("was not acknowledged within 0.15 s" in state.text for state in outbox.states)
        await assert_same(server, source)


# Killed between publishing and knowing of it.


@pytest.mark.slow
@pytest.mark.parametrize("window_s", [DUPLICATES_S, 0.1])
async def test_tc_l5_a_publisher_killed_before_it_heard_doubles_nothing(
    tmp_path: Path, window_s: float
) -> None:
    """Within the server's memory of message ids, and long after."""
    chance, count = random.Random(8), 200_000

    async def make(client: Client) -> None:
        config = StreamConfig(name=STREAM, subjects=["oms.v1.evt.main.>"], duplicate_window=window_s)
        await client.jetstream().add_stream(config)

    async def last(client: Client) -> int:
        return int((await client.jetstream().stream_info(STREAM)).state.last_seq)

    with nats_server(tmp_path / "nats") as server:
        await plainly(server, make)
        for _ in range(KILLS):
            heard = await trio.to_thread.run_sync(killed_publisher, tmp_path, server, count, chance)
            with trio.fail_after(SOON_S):  # the stream gets what its publisher has never heard of
                while await plainly(server, last) <= heard:  # noqa: ASYNC110 - the server's affair
                    await trio.sleep(0.01)
            if window_s < 1:
                await trio.sleep(2 * window_s)
        with writer(tmp_path) as source:
            source.write(*drafts(1, 2, 3))
            async with linked(server) as bridge, trio.open_nursery() as nursery:
                await Outbox(nursery, bridge, source).empty()
                nursery.cancel_scope.cancel()
            await assert_same(server, source)


def killed_publisher(folder: Path, server: Server, count: int, chance: random.Random) -> int:
    """A process that publishes, killed while the server stands still; the last that it had heard of."""
    command = [sys.executable, "-m", "tests.bus.publisher", str(folder), server.url, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            heard = int(process.stdout.readline())
            enough = heard + chance.randint(100, 600)
            while heard <= enough:
                heard = int(process.stdout.readline())
            server.pause()
            with closing(Reader(folder / "main.db")) as reader:
                written = reader.last()
                while reader.last() < written + UNHEARD:
                    time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            rest = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            assert process.wait() == -signal.SIGKILL
        finally:
            process.kill()
            server.resume()
    return int(rest[-1]) if rest else heard


# Back without its memory, or with another.


def lost(server: Server) -> None:
    shutil.rmtree(server.folder / "store")


def older(server: Server) -> None:
    """As it was when a backup was made."""
    shutil.rmtree(server.folder / "store")
    shutil.copytree(server.folder / "backup", server.folder / "store")


@pytest.mark.parametrize("comes_back", [lost, older])
async def test_tc_l5_a_server_that_forgot_is_told_again(
    tmp_path: Path, comes_back: Callable[[Server], None]
) -> None:
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            source.write(*drafts(1, 2, 3))
            await outbox.empty()
            await trio.to_thread.run_sync(server.stop)
            shutil.copytree(server.folder / "store", server.folder / "backup")
            await trio.to_thread.run_sync(server.start)
            source.write(*drafts(4, 5, 6))
            await outbox.empty()
            await trio.to_thread.run_sync(server.stop)
            comes_back(server)
            source.write(draft(7))
            await trio.to_thread.run_sync(server.start)
            await outbox.empty()
            nursery.cancel_scope.cancel()
        await assert_same(server, source)
        assert {state.failed for state in outbox.states} == {""}


async def test_tc_l5_a_foreign_message_stops_it_and_a_stream_that_is_deleted_then_is_filled(
    tmp_path: Path,
) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_stream(STREAM)

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*drafts(1, 2))
        await publish(server, source)
        assert await foreign(server, b'{"seq": 4}') == 4
        source.write(*drafts(3, 4))
        state = (await publish(server, source)).state
        assert (state.failed, len(await stored(server, STREAM))) == ("another_body", 4)
        assert await plainly(server, delete)
        assert not (await publish(server, source)).state.failed
        await assert_same(server, source)


async def test_a_stream_made_anew_by_another_journal_is_found_while_connected(tmp_path: Path) -> None:
    async def delete(client: Client) -> bool:
        return await client.jetstream().delete_stream(STREAM)

    with (
        nats_server(tmp_path / "nats") as server,
        writer(tmp_path) as source,
        writer(tmp_path / "other") as other,
    ):
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            source.write(*drafts(1, 2))
            await outbox.empty()
            assert await plainly(server, delete)
            await publish(server, other)
            source.write(draft(3))
            await until(lambda: outbox.state.failed)
            nursery.cancel_scope.cancel()
        assert outbox.state.failed == "another_epoch"
        assert f"epoch {other.journal.epoch}, and ours is {source.journal.epoch}" in outbox.state.text
        await assert_same(server, other)


async def test_a_stream_put_back_that_begins_later_is_refused(tmp_path: Path) -> None:
    """Its first messages are gone, so nobody can tell whose it is."""

    async def make(client: Client) -> None:
        await client.jetstream().add_stream(
            StreamConfig(name=STREAM, subjects=["oms.v1.evt.main.>"], first_seq=3)
        )

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*drafts(1, 2, 3))
        await plainly(server, make)
        state = (await publish(server, source)).state
    assert state.failed == "stream_unfit"
    assert "messages were removed from it" in state.text


# A journal that is damaged.


def changed(source: Writer, statement: str) -> None:
    with closing(apsw.Connection(str(source.path))) as connection:
        for trigger in ("follows", "stays", "is_kept"):
            connection.execute(f"DROP TRIGGER event_{trigger}")
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE event SET body = CAST(replace(body, '\"7\"', '\"8\"') AS BLOB) WHERE seq = 300",
            "seq 300: its hash does not follow",
        ),
        ("UPDATE event SET body = x'00' WHERE seq = 300", "seq 300: its hash does not follow"),
        ("DELETE FROM event WHERE seq = 300", "seq 300: is missing"),
        ("DELETE FROM event WHERE seq BETWEEN 202 AND 800", "seq 202: is missing"),
    ],
)
async def test_what_does_not_follow_in_the_journal_is_never_published(
    tmp_path: Path, statement: str, what: str
) -> None:
    """Else a journal that was tampered with would become its own proof, once the stream is lost."""
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*(draft(7) for _ in range(1000)))
        changed(source, statement)
        outbox = await publish(server, source)
        assert outbox.state.failed == "journal_damaged"
        assert outbox.state.text.startswith(f"{source.path}: {what}")
        found = await stored(server, STREAM)
        assert [one.seq for one in found] == list(range(1, len(found) + 1))
        assert len(found) < 300
        assert not outbox.state.caught_up


async def test_a_page_of_the_journal_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server:
        with writer(tmp_path) as source:
            source.write(*(draft(number, 500) for number in range(2000)))
            path = source.path
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 4 // 4096 * 4096)
            file.write(b"\xff" * 3 * 4096)
        with writer(tmp_path) as source:  # its tail is whole
            outbox = await publish(server, source)
            assert outbox.state.failed == "journal_damaged"
            assert outbox.state.text.startswith(f"{path}: is damaged")
            assert 0 < len(await stored(server, STREAM)) < 1000
