"""The heads of a daemon: in stream and file, when something happened, and a verifier believes them."""

import threading
from pathlib import Path

import apsw
import pytest
import trio
import trio.testing
from nats.aio.client import Client
from nats.js.api import StreamConfig

from oms.bus.bridge import Bridge
from oms.bus.errors import Refused
from oms.bus.heads import read_heads
from oms.config import HeadSettings, Secret
from oms.daemon.heads import Heads
from oms.eventlog.errors import Damaged, FileError
from oms.eventlog.journal import Journal
from oms.heads.file import read_heads as heads_in_file
from oms.heads.head import SignedHead, read
from oms.projections import Books
from oms.recorder import Recorder
from oms.verify.heads import gathered
from oms.verify.journal import JournalCheck
from tests.bus.scene import linked, plainly, stored, until
from tests.eventlog.scene import NOON
from tests.nats import nats_server
from tests.test_recorder import ACTIVE, HALTED, recorder_of
from tests.verify.scene import KEY

pytestmark = pytest.mark.trio


def heads_of(recorder: Recorder, bridge: Bridge, file: Path | None = None, every: float = 0.1) -> Heads:
    settings = HeadSettings(Secret(KEY.text), (KEY.public,), every, file)
    return Heads(settings, {"main": recorder}, bridge, "oms.v1", lambda: NOON)


async def published(bridge: Bridge) -> list[SignedHead]:
    connection = await bridge.connection()
    return [read(line) for line in await read_heads(connection)]


async def test_heads_come_when_something_happened_and_a_verifier_believes_them(tmp_path: Path) -> None:
    recorder, file = recorder_of(tmp_path), tmp_path / "heads"
    with nats_server(tmp_path / "nats") as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            heads = heads_of(recorder, bridge, file)
            nursery.start_soon(heads.run)
            await until(lambda: file.exists() and len(list(heads_in_file(file))) == 1)
            await recorder.record([ACTIVE, HALTED])
            await until(lambda: len(list(heads_in_file(file))) == 2)
            nursery.cancel_scope.cancel()
        async with linked(server) as bridge:
            found = await published(bridge)
            info = await plainly(server, lambda client: client.jetstream().stream_info("OMS_HEAD"))
        (first, *_) = await stored(server, "OMS_HEAD")
    assert [(head.account, head.seq, head.epoch) for head in found] == [
        ("main", 1, recorder.epoch), ("main", 3, recorder.epoch),
    ]  # fmt: skip
    assert found == list(heads_in_file(file))
    assert first.subject == "oms.v1.head.main"
    config = info.config
    assert (config.subjects, config.max_msgs_per_subject) == (["oms.v1.head.*"], 2000)
    assert (config.deny_delete, config.deny_purge) == (True, True)
    check = JournalCheck(recorder.path, gathered(file, found, [KEY.public]).of("main"))
    assert list(check.findings()) == []
    assert check.heads.proven == (3, "2026-11-20T12:00:00.123456789Z")


async def test_nothing_new_is_not_said_again_and_away_is_made_up_for(tmp_path: Path) -> None:
    recorder, file = recorder_of(tmp_path), tmp_path / "heads"
    with nats_server(tmp_path / "nats") as server:
        async with linked(server) as bridge:
            heads = heads_of(recorder, bridge, file)
            await heads.tell()
            await heads.tell()
            assert len(await published(bridge)) == len(list(heads_in_file(file))) == 1
            server.stop()
            await until(lambda: not bridge.connected)
            await recorder.record([ACTIVE])
            await heads.tell()
            assert [head.seq for head in heads_in_file(file)] == [1, 2]
            server.start()
            await until(lambda: bridge.connected)
            await heads.tell()
            assert [head.seq for head in await published(bridge)] == [1, 2]
            assert [head.seq for head in heads_in_file(file)] == [1, 2]


async def test_without_a_key_nothing_is_said(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path)
    with nats_server(tmp_path / "nats") as server:
        async with linked(server) as bridge:
            await Heads(HeadSettings(), {"main": recorder}, bridge, "oms.v1", lambda: NOON).tell()
            with pytest.raises(Refused, match="OMS_HEAD: there is no head in it"):
                await published(bridge)


async def test_a_stream_or_a_file_that_takes_none_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="OMS_HEAD", subjects=["other"]))

    recorder = recorder_of(tmp_path)
    with nats_server(tmp_path / "nats") as server:
        await plainly(server, make)
        async with linked(server) as bridge:
            await heads_of(recorder, bridge, tmp_path / "no" / "folder").tell()
    told = capsys.readouterr()
    assert "its subjects are other, not oms.v1.head.main" in told.out + told.err
    assert "head not written" in told.out + told.err


async def test_a_journal_that_fails_meanwhile_is_not_signed_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def full(*_: object) -> None:
        begun.set()
        go_on.wait(20)
        raise apsw.FullError

    def gone() -> Books:
        raise Damaged(journal.path, "a page of it cannot be read")

    journal = Journal.open(tmp_path, "main", kind="thread", checkpoints_apart=False, ballast_bytes=0)
    recorder = Recorder(journal, Books(), gone)
    monkeypatch.setattr("oms.eventlog.journal_file.JournalFile.append", full)

    async def record() -> None:
        with pytest.raises(FileError):
            await recorder.record([ACTIVE])

    with nats_server(tmp_path / "nats") as server:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            nursery.start_soon(record)
            await until(begun.is_set)
            assert recorder.sound
            nursery.start_soon(heads_of(recorder, bridge, tmp_path / "heads").tell)
            await trio.testing.wait_all_tasks_blocked()
            go_on.set()
    told = capsys.readouterr()
    assert "a page of it cannot be read" in told.out + told.err
    assert not (tmp_path / "heads").exists()


async def test_a_file_that_hangs_holds_up_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    monkeypatch.setattr("oms.daemon.heads.append_head", lambda *_: hangs.wait(20))
    with nats_server(tmp_path / "nats") as server:
        async with linked(server) as bridge:
            with trio.fail_after(10), trio.move_on_after(0.1) as limit:
                await heads_of(recorder_of(tmp_path), bridge, tmp_path / "heads").tell()
            assert limit.cancelled_caught
    hangs.set()
