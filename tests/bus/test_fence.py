"""What is not this journal's stream is found out, told by name, and nothing more is published."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from nats.aio.client import Client
from nats.js.api import StreamConfig

from tests.bus.scene import Writer, linked, plainly, stored, until, writer
from tests.bus.test_outbox import Outbox
from tests.eventlog.scene import draft, drafts
from tests.nats import Server, nats_server

pytestmark = pytest.mark.trio


async def publish(server: Server, source: Writer) -> Outbox:
    """The outbox of this journal, until it is through or has failed."""
    async with linked(server) as bridge, trio.open_nursery() as nursery:
        outbox = Outbox(nursery, bridge, source)
        await until(lambda: outbox.state.failed or outbox.state.published == source.seq)
        nursery.cancel_scope.cancel()
    return outbox


async def foreign(server: Server, body: bytes, subject: str = "oms.v1.evt.main.foreign") -> int:
    """Somebody else's message; its sequence."""

    async def use(client: Client) -> int:
        return (await client.jetstream().publish(subject, body)).seq

    return await plainly(server, use)


async def test_a_message_of_somebody_else_is_found_at_the_start(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*drafts(1, 2))
        await publish(server, source)
        assert await foreign(server, b"{}") == 4
        state = (await publish(server, source)).state
        assert (state.failed, state.caught_up) == ("stream_ahead", False)
        assert "OMS_EVT_main is ahead: it ends at 4, the journal at 3" in state.text
        source.write(draft(3))  # now event 4 is there, and is another
        state = (await publish(server, source)).state
        assert state.failed == "another_body"
        assert "its message 4 is not our event 4" in state.text
        assert len(await stored(server, "OMS_EVT_main")) == 4


async def test_a_message_of_somebody_else_is_found_while_publishing(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await outbox.empty()
            await foreign(server, b"{}")
            source.write(draft(1))
            await until(lambda: outbox.state.failed)
            failed = outbox.state
            source.write(*drafts(2, 3))
            await trio.sleep(0.2)
            nursery.cancel_scope.cancel()
        assert (failed.failed, failed.published) == ("another_body", 1)
        assert outbox.state == failed
        assert [one.data for one in await stored(server, "OMS_EVT_main")][1:] == [b"{}"]


async def test_a_message_of_somebody_else_is_found_at_a_reconnect(tmp_path: Path) -> None:
    """Though nothing is to be published."""
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        async with linked(server) as bridge, trio.open_nursery() as nursery:
            outbox = Outbox(nursery, bridge, source)
            await outbox.empty()
            await foreign(server, b"{}")
            await trio.to_thread.run_sync(server.kill)
            await until(lambda: outbox.state.text == "NATS is away")
            assert (outbox.state.caught_up, outbox.state.failed) == (False, "")
            await trio.to_thread.run_sync(server.start)
            await until(lambda: outbox.state.failed)
            nursery.cancel_scope.cancel()
    assert outbox.state.failed == "stream_ahead"


async def test_a_journal_restored_from_an_old_copy_is_found(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server:
        with writer(tmp_path) as source:
            source.write(*drafts(1, 2))
        shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("nats", "copy"))
        with writer(tmp_path) as source:
            source.write(*drafts(3, 4))
            await publish(server, source)
        with writer(tmp_path / "copy") as source:
            state = (await publish(server, source)).state
            assert state.failed == "stream_ahead"
            assert "ends at 5, the journal at 3" in state.text
            source.write(*drafts(5, 6, 7))  # what it does not know of, anew
            assert (await publish(server, source)).state.failed == "another_body"
        assert len(await stored(server, "OMS_EVT_main")) == 5


@pytest.mark.parametrize("longer", [True, False])
async def test_another_journal_of_the_same_name_is_found(tmp_path: Path, longer: bool) -> None:
    with nats_server(tmp_path / "nats") as server:
        with writer(tmp_path / "one") as source:
            source.write(*drafts(1, 2))
            await publish(server, source)
            first = source.journal.epoch
        with writer(tmp_path / "two") as source:
            source.write(*drafts(1, 2, 3) if longer else drafts(1))
            state = (await publish(server, source)).state
            second = source.journal.epoch
        assert state.failed == "another_epoch"
        assert f"epoch {first}, and ours is {second}" in state.text


async def test_a_first_message_that_is_no_event_of_ours_is_found(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:

        async def make(client: Client) -> None:
            jetstream = client.jetstream()
            await jetstream.add_stream(StreamConfig(name="OMS_EVT_main", subjects=["oms.v1.evt.main.>"]))
            await jetstream.publish("oms.v1.evt.main.account.opened", b"\xff not even JSON")

        await plainly(server, make)
        state = (await publish(server, source)).state
    assert state.failed == "another_epoch"
    assert f"epoch none, and ours is {source.journal.epoch}" in state.text


async def test_a_second_daemon_is_refused_by_the_server(tmp_path: Path) -> None:
    """Two copies of one journal, both written on: one of them gets through, the other is told."""
    with nats_server(tmp_path / "nats") as server:
        with writer(tmp_path) as source:
            source.write(draft(0))
        shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("nats", "copy"))
        with writer(tmp_path) as one, writer(tmp_path / "copy") as two:
            async with linked(server) as bridge, trio.open_nursery() as nursery:
                outboxes = [Outbox(nursery, bridge, source) for source in (one, two)]
                for outbox in outboxes:
                    await outbox.empty()
                for number in range(50):
                    one.write(draft(number))
                    two.write(draft(number + 1000))
                    await trio.sleep(0.001)
                await until(lambda: any(outbox.state.failed for outbox in outboxes))
                good = next(place for place in (0, 1) if not outboxes[place].state.failed)
                await outboxes[good].empty()
                nursery.cancel_scope.cancel()
            bad = outboxes[1 - good].state
            assert bad.failed in ("another_body", "stream_ahead")
        found = await stored(server, "OMS_EVT_main")
        assert len(found) == 52
        assert [one.seq for one in found] == list(range(1, 53))


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"subjects": ["oms.v1.evt.main.>", "other"]}, "its subjects are"),
        ({"max_msgs": 10}, "max_msgs is 10: events would be lost"),
        ({"max_age": 3600.0}, "max_age is 3600: events would be lost"),
        ({"max_bytes": 10_000}, "max_bytes is 10000: events would be lost"),
        ({"max_msgs_per_subject": 1}, "max_msgs_per_subject is 1: events would be lost"),
    ],
)
async def test_a_stream_that_loses_events_is_refused(
    tmp_path: Path, config: dict[str, Any], text: str
) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(
            StreamConfig(name="OMS_EVT_main", **({"subjects": ["oms.v1.evt.main.>"]} | config))
        )

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        await plainly(server, make)
        state = (await publish(server, source)).state
    assert state.failed == "stream_unfit"
    assert text in state.text


Remove = Callable[[Client], Any]


@pytest.mark.parametrize("removed", ["purged", "first"])
async def test_a_stream_from_which_was_removed_is_refused(tmp_path: Path, removed: str) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(StreamConfig(name="OMS_EVT_main", subjects=["oms.v1.evt.main.>"]))

    async def remove(client: Client) -> None:
        jetstream = client.jetstream()
        if removed == "purged":
            await jetstream.purge_stream("OMS_EVT_main")
        else:
            await jetstream.delete_msg("OMS_EVT_main", 1)

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        source.write(*drafts(1, 2))
        await plainly(server, make)
        assert not (await publish(server, source)).state.failed
        await plainly(server, remove)
        state = (await publish(server, source)).state
    assert state.failed == "stream_unfit"
    assert "messages were removed from it" in state.text


async def test_a_stream_made_by_an_operator_is_used(tmp_path: Path) -> None:
    async def make(client: Client) -> None:
        await client.jetstream().add_stream(
            StreamConfig(name="OMS_EVT_main", subjects=["oms.v1.evt.main.>"], description="ours")
        )

    with nats_server(tmp_path / "nats") as server, writer(tmp_path) as source:
        await plainly(server, make)
        state = (await publish(server, source)).state
    assert (state.failed, state.published) == ("", 1)
