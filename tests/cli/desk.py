"""What takes commands as the daemon does, and answers what it is told: nothing of ours is in it.

Run as a program with the URL of NATS, a prefix, a file with the answers and the accounts, it says "ready",
then each request it hears, subject and payload.  The file is read at each request: an answer by the subject's
tail, `main.submit`, as text with its headers; null = none.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nats
from nats.micro import add_service
from nats.micro.request import Request

FILLED = {
    "status": "filled", "final": True, "command": "7f3c", "client": "desk", "account": "main", "seq": 118,
    "order": "1023", "position": "1023", "volume": "0.10", "filled": "0.10", "price": "1.08002",
    "deals": [{"deal": "2045", "volume": "0.10", "price": "1.08002"}], "retcode": 10009,
    "retcode_name": "DONE", "reasons": [], "times": {"received": "2026-11-21T01:04:05.000000001Z"},
}  # fmt: skip


def asked(heard: Path) -> list[tuple[str, dict[str, Any]]]:
    """The requests in a responder's file, which is empty then."""
    lines = [line.split(" ", 1) for line in heard.read_text().splitlines() if line != "ready"]
    with heard.open("r+") as file:
        file.truncate(0)
    return [(subject, json.loads(payload)) for subject, payload in lines]


class Desk(NamedTuple):
    """It runs; where, what it answers, what it heard."""

    url: str
    answers: Path
    heard: Path

    def answer(self, subject: str, reply: Any, headers: dict[str, str] | None = None) -> None:
        """From now on; a reply that is text goes as it is, None is none."""
        known = json.loads(self.answers.read_text())
        text = reply if reply is None or isinstance(reply, str) else json.dumps(reply)
        self.answers.write_text(json.dumps({**known, subject: [text, headers]}))

    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        """What was asked since the last time."""
        return asked(self.heard)

    def await_request(self) -> None:
        """Until something is asked."""
        deadline = time.monotonic() + 20
        while not any(line != "ready" for line in self.heard.read_text().splitlines()):
            assert time.monotonic() < deadline
            time.sleep(0.02)


async def respond(url: str, prefix: str, answers: Path, accounts: list[str]) -> None:
    client = await nats.connect(url, allow_reconnect=True, max_reconnect_attempts=-1)

    async def handle(request: Request) -> None:
        sys.stdout.write(f"{request.subject} {request.data.decode()}\n")
        sys.stdout.flush()
        tail = request.subject.removeprefix(f"{prefix}.").partition(".")[2]
        told = json.loads(answers.read_text())  # noqa: ASYNC240 - a small file, and nobody else waits
        text, headers = told.get(tail, [json.dumps(FILLED), None])
        if text is not None:
            await request.respond(text.encode(), headers)

    service = await add_service(client, name="oms", version="0.1.0")
    for account in accounts:
        for kind in ("ctl",) if account == "_daemon" else ("query", "cmd", "ctl"):
            await service.add_endpoint(
                name=f"{kind}_{account}", subject=f"{prefix}.{kind}.{account}.>", handler=handle
            )
    await client.flush()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextmanager
def taking(url: str, folder: Path, *accounts: str, prefix: str = "oms.v1") -> Iterator[Desk]:
    """The program, running, until it is left."""
    folder.mkdir(exist_ok=True)
    desk = Desk(url, folder / "answers", folder / "heard")
    desk.answers.write_text("{}")
    with (
        desk.heard.open("a") as out,
        subprocess.Popen(
            [sys.executable, __file__, url, prefix, desk.answers, *accounts], stdout=out
        ) as process,
    ):
        try:
            while "ready" not in desk.heard.read_text():
                assert process.poll() is None
                time.sleep(0.02)
            yield desk
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(respond(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]))
