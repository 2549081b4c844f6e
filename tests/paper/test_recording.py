"""What `--record` writes, `oms wire decode --pcap-lines` reads."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyotp
import pytest
from trio_websocket import ConnectionClosed

from oms.cli.wire.capture import decode_capture
from oms.paper.faults import Fault
from oms.paper.recording import RecordError
from protocol.cipher import INITIAL_KEY, KEY_SIZES, Decryptor, Encryptor
from protocol.composed import RealOpening
from protocol.errors import DecryptError
from protocol.frame import Frame, seal
from protocol.messages import Answer, Refused
from protocol.records.access import LOGIN, ChangePassword, Init, Login, OtpSetup
from protocol.records.onboarding import Document, Opening, Verification
from protocol.session import UnreadableBody

from .running import HEDGE, NET, START, Running, running
from .terminal import Terminal, connected

pytestmark = pytest.mark.trio

SAID = ("phone-pw-4711", "main-pw-4712", "look-pw-4713", "init-pw-4714")
BASE32 = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PICTURE = b"a picture of a passport"


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


async def secretive(venue: Running) -> list[bytes]:
    """Every command that carries a secret, said; the secrets, as bytes of the wire."""
    code = pyotp.TOTP(BASE32).at(START // 1000)
    opening = Opening(name="Ann Bee", phone_password=SAID[0], email_confirm_code=987_654_321, deposit=5.0)
    found = [text.encode("utf-16-le") for text in (*SAID, BASE32, code, "paper")]
    found += [(987_654_321).to_bytes(4, "little"), PICTURE]
    async with venue.terminal(HEDGE) as terminal:
        found += [bytes(terminal.session.token), terminal.session.ticket, key_of(terminal)]
        assert (await terminal.ask(24, ChangePassword(0, SAID[1], "paper"))).result == 0
        assert (await terminal.ask(24, ChangePassword(1, SAID[2], SAID[1]))).result == 0
        # Sealed with the key of before, and not sealed at all: the venue reads neither.
        late = Frame(28, None, LOGIN.dump(Login(login=HEDGE, password=SAID[1])))
        await terminal.websocket.send_message(seal(late, Encryptor(INITIAL_KEY)))
        await terminal.websocket.send_message(SAID[1].encode("utf-16-le") * 2)
        await terminal.buy(comment="note")
        await terminal.settled()
        assert venue.control("connections")[0]["dropped"] == 2
    await venue.gone()
    async with connected(venue.url) as again:
        await again.bootstrap(terminal.session.token)
        dead = Login(login=HEDGE, password_ticket=terminal.session.ticket, session=1)
        assert isinstance(await again.reply(28, dead), Refused)  # its password was changed
        answer = await again.login(HEDGE, SAID[1])
        found += [bytes(again.session.token), answer.password_ticket, key_of(again)]
        # A body that is none, with a password in what there is of it.
        await again.websocket.send_message(again.session.seal(24, None, b"\0" + SAID[1].encode("utf-16-le")))
        await again.settled()
    await venue.gone()
    async with venue.terminal() as visitor:
        await visitor.ask(43, OtpSetup(5, HEDGE, SAID[1], "", BASE32, code))
        await visitor.ask(29, Init(password=SAID[3]))
        await visitor.ask(27, Verification(5687, bytes(16), opening))
        await visitor.ask(40, opening)
        opened = await visitor.ask(30, opening)
        await visitor.ask(39, RealOpening(opening, documents=[Document(front=PICTURE, back=PICTURE)]))
        found += [word.encode("utf-16-le") for word in (opened.password, opened.investor_password)]
    await venue.gone()
    async with connected(venue.url) as refused:
        await refused.bootstrap()
        assert isinstance(await refused.reply(28, Login(login=HEDGE, password=SAID[1], otp="")), Refused)
        with pytest.raises(UnreadableBody):
            await refused.login(HEDGE, SAID[1], otp=code)
        found += [venue.server.desk.passes.all()[-1][0][:100]]
    return found


def key_of(terminal: Terminal) -> bytes:
    """The session key of a conversation."""
    answer = terminal.heard[0]
    assert isinstance(answer, Answer)
    return bytes(answer.value.key)


@pytest.mark.parametrize("length", [16, 24, 32])
async def test_no_secret_is_in_a_recording(tmp_path: Path, length: int) -> None:
    path = tmp_path / "talk"
    # The last login's answer is cut: a ticket without its end.
    cut = Fault(do="truncate", on="answer", command=28, after=4, bytes=100)
    async with running(record=str(path), faults=(cut,), protocol={"key_length": length}) as venue:
        secrets = await secretive(venue)
    with path.open("rb") as lines:
        told = [answer for answer, _ in decode_capture(lines)]
    errors = [one["error"]["code"] for one in told if "error" in one]
    assert errors == ["decrypt"] * 2 + ["truncated"] * 2
    text = json.dumps(told)
    asked = [one["command"] for one in told if one.get("direction", "").startswith("client")]
    assert asked == [0, 28, 51, 24, 24, 12, 51, 0, 28, 28, 51, 0, 43, 29, 27, 40, 30, 39, 0, 28, 28]
    assert next(one for one in told if one.get("command") == 12)["fields"]["comment"] == "note"
    assert next(one for one in told if one.get("command") == 27)["fields"]["name"] == "Ann Bee"
    shown = text.encode() + b" ".join(plaintexts(path, secrets))
    for secret in secrets:
        for form in (secret, secret.hex().encode(), secret.decode("utf-16-le", "replace").encode()):
            assert form not in shown


def plaintexts(path: Path, keys: list[bytes]) -> list[bytes]:
    """Whatever of a file opens by a key that anybody knows, or one of these."""
    readers = [Decryptor(key) for key in [INITIAL_KEY, *(bytes(size) for size in KEY_SIZES)]]
    readers += [Decryptor(key) for key in keys if len(key) in KEY_SIZES]
    found = []
    for line in path.read_text().splitlines():
        message = bytes.fromhex(line.split()[2])
        found.append(message)
        for reader in readers:
            with suppress(DecryptError):
                found.append(reader.decrypt(message[8:]))
    return found


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


async def test_a_conversation_that_cannot_be_recorded_ends_the_venue() -> None:
    """The disk is full."""
    with pytest.RaisesGroup(
        pytest.RaisesExc(RecordError, match="/dev/full: cannot be written: No space left"),
        flatten_subgroups=True,
    ):
        async with running(record="/dev/full") as venue:
            with suppress(ConnectionClosed):
                async with venue.terminal(HEDGE):
                    pass


async def test_a_record_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="absent/talk: cannot be opened: No such file"):
        async with running(record=str(tmp_path / "absent" / "talk")):
            pass
