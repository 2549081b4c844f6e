"""What `--record` writes, `oms wire decode --pcap-lines` reads."""

from pathlib import Path
from typing import Any

import pytest

from oms.cli.wire.capture import decode_capture

from .running import HEDGE, NET, running

pytestmark = pytest.mark.trio


def decoded(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as lines:
        answers = list(decode_capture(lines))
    assert [error for _, error in answers if error is not None] == []
    return [answer for answer, _ in answers]


def outline(path: Path) -> list[tuple[str, int]]:
    return [(">" if one["direction"].startswith("client") else "<", one["command"]) for one in decoded(path)]


async def test_a_conversation_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "talk"
    async with running(record=str(path)) as venue, venue.terminal(HEDGE) as terminal:
        await terminal.buy(comment="note")
        await terminal.settled()
    assert [command for side, command in outline(path) if side == ">"] == [0, 28, 51, 12, 51]
    assert [command for side, command in outline(path) if side == "<"] == [
        0,
        28,
        51,
        12,
        10,
        10,
        10,
        10,
        19,
        51,
    ]
    lines = decoded(path)
    asked, told = (next(one for one in lines if one["command"] == command) for command in (12, 19))
    assert asked["fields"]["comment"] == "note"
    assert told["fields"]["result"]["retcode"] == 10009
    assert lines[0]["time"] == "1715756400.000"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_conversations_at_once_go_to_files_of_their_own_and_later_ones_behind_earlier(
    tmp_path: Path,
) -> None:
    path, second = tmp_path / "talk", tmp_path / "talk.2"
    for _ in range(2):  # a venue that starts again leaves what is there
        async with running(record=str(path)) as venue:
            async with venue.terminal(HEDGE) as one, venue.terminal(NET) as two:
                await one.ask(4)
                await two.ask(9)
                await one.ask(3)
            await venue.gone()
            async with venue.terminal(HEDGE) as three:
                await three.ask(44)
            await venue.gone()
    login = [0, 0, 28, 28, 51, 51]
    assert [command for _, command in outline(path)] == [*login, 4, 4, 3, 3, *login, 44, 44] * 2
    assert [command for _, command in outline(second)] == [*login, 9, 9] * 2
    assert not (tmp_path / "talk.3").exists()
