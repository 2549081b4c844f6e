"""`oms log restore --from-stream`: a lost journal made anew of what a real NATS server holds."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nats
import pytest

from oms.bus.event_messages import ZERO, EventMessage, EventMessages
from oms.eventlog.inspection import look_at_journal
from oms.eventlog.reader import Reader
from oms.eventlog.restored import restored_mark
from tests.nats import Server, nats_server
from tests.verify.scene import Log, found

from .scene import bodies, here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with nats_server(tmp_path_factory.mktemp("nats"), jetstream=True) as one:
        yield one


def written(data: Path, trips: int) -> list[EventMessage]:
    """A journal, and the messages that publish it."""
    made = Log(data)
    made.trade(trips)
    made.close()
    with closing(Reader(made.path)) as reader:
        return EventMessages("oms.v1", "main", reader).of(list(reader.read()), ZERO)


def publish(url: str, account: str, messages: list[EventMessage]) -> None:
    """In a stream of its own, by nats-py alone."""

    async def send() -> None:
        client = await nats.connect(url)
        stream = client.jetstream()
        name, root = f"OMS_EVT_{account}", f"oms.v1.evt.{account}"
        await stream.add_stream(name=name, subjects=[f"{root}.>"])
        for one in messages:
            headers = {key: text for key, text in one.headers.items() if not key.startswith("Nats-")}
            subject = one.subject.replace("oms.v1.evt.main", root)
            await stream.publish(subject, one.body, headers=headers)
        await client.close()

    asyncio.run(send())


def restored(data: Path, url: str, account: str) -> Any:
    (data / "journal").mkdir(parents=True)
    return here(*("restore", "--from-stream", "--data", data, "--account", account, "--nats", url, "--json"))


def test_a_lost_journal_is_the_same_to_the_byte(server: Server, tmp_path: Path) -> None:
    messages = written(tmp_path / "first", 50)  # more than are asked for at once
    publish(server.url, "main", messages)
    done = restored(tmp_path / "second", server.url, "main")
    assert (done.returncode, done.stderr) == (0, "")
    assert bodies(tmp_path / "second", "main") == bodies(tmp_path / "first", "main")
    first, second = (look_at_journal(tmp_path / name / "journal" / "main.db") for name in ("first", "second"))
    assert first.last == second.last
    assert restored_mark(tmp_path / "second" / "journal", "main") == "stream, up to 303"
    assert [one for one in found(tmp_path / "second") if one.weight] == []
    again = here(
        *(
            "restore",
            "--from-stream",
            "--data",
            tmp_path / "second",
            "--account",
            "main",
            "--nats",
            server.url,
        )
    )
    assert (again.returncode, "nothing is overwritten" in again.stderr) == (1, True)


def test_a_message_that_was_changed_is_not_believed(server: Server, tmp_path: Path) -> None:
    messages = written(tmp_path / "first", 2)
    changed = messages[5]._replace(body=messages[5].body.replace(b'"0.10"', b'"0.20"'))
    assert changed != messages[5]
    publish(server.url, "forged", [*messages[:5], changed, *messages[6:]])
    done = restored(tmp_path / "second", server.url, "forged")
    assert (done.returncode, done.stdout) == (1, "")
    assert "seq 6: its hash does not follow" in done.stderr
    assert [path.name for path in (tmp_path / "second" / "journal").iterdir()] == ["forged.lock"]


def test_another_accounts_stream_is_not_taken_for_ours(server: Server, tmp_path: Path) -> None:
    publish(server.url, "other", written(tmp_path / "first", 1))  # whose bodies say main
    done = restored(tmp_path / "second", server.url, "other")
    assert (done.returncode, "seq 1: its body is of another event" in done.stderr) == (1, True)


def test_a_stream_that_is_not_there_is_told(server: Server, tmp_path: Path) -> None:
    done = restored(tmp_path, server.url, "none")
    assert (done.returncode, "OMS_EVT_none: there is no such stream" in done.stderr) == (4, True)
