"""`oms wire decode --pcap-lines`: a conversation from its bytes, key and all."""

from pathlib import Path
from typing import Any

from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.errors import RemoteProtocolError
from protocol.frame import Frame, seal
from protocol.messages import Push, Refused, Request
from protocol.records.market import Tick
from protocol.records.trade import ServerLink
from protocol.session import Role
from tests.cli.wire.command import wire
from tests.cli.wire.recorder import TOKEN, Recorder, decoded


def kinds(lines: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [
        (line.get("kind"), line["command"] if "kind" in line else line["error"]["code"]) for line in lines
    ]


def test_a_capture_is_decoded_from_its_bootstrap_over_a_broken_line_and_a_reconnect(tmp_path: Path) -> None:
    talk = Recorder("client-to-server", "server-to-client")
    talk.bootstrap(bytes(range(32)))
    talk.login()
    talk.say(Push(8, [Tick(symbol_id=5, bid=108000.0)]))
    talk.lines += ["", "> 1 zz", "> 2", "? 3 00", "> 4 00112233"]
    talk.say(Request(3, None))
    talk.say(Refused(3, 1))
    talk.write(Role.GATEWAY, "0000000001000000")  # the empty frame
    talk.connect()
    talk.bootstrap(bytes(range(100, 116)), TOKEN)
    talk.login()
    talk.say(Push(15, ServerLink(0)))
    file = tmp_path / "capture.txt"
    file.write_text("\n".join(talk.lines))
    ran = wire("decode", "--pcap-lines", str(file))
    assert ran.code == 1
    boot, login = [("request", 0), ("response", 0)], [("request", 28), ("response", 28)]
    assert kinds(ran.lines) == [
        *(*boot, *login, ("push", 8)),
        *((None, "bad_hex"), (None, "bad_value"), (None, "bad_value"), (None, "truncated")),
        *(("request", 3), ("response", 3), ("frame", None)),
        *(*boot, *login, ("push", 15)),
    ]
    assert [line["error"]["line"] for line in ran.lines if "error" in line] == [7, 8, 9, 10]
    assert len(ran.errors) == 4
    assert ran.lines[0]["time"] == "0.5"
    assert ran.lines[1]["fields"]["key"] == bytes(range(32)).hex()
    assert ran.lines[2]["fields"]["login"] == 1001
    assert ran.lines[4]["fields"][0]["bid"] == 108000.0
    assert ran.lines[10]["fields"] == {"code": 1, "body": ""}
    assert ran.lines[12]["fields"] == {"token": TOKEN.hex()}
    assert [line["direction"] for line in ran.lines[:2]] == ["client-to-server", "server-to-client"]


def test_a_capture_may_come_on_stdin() -> None:
    talk = Recorder()
    talk.bootstrap(bytes(16))
    ran = wire("decode", "--pcap-lines", given="\n".join(talk.lines).encode())
    assert (ran.code, kinds(ran.lines)) == (0, [("request", 0), ("response", 0)])


def test_a_capture_in_tables(tmp_path: Path) -> None:
    talk = Recorder()
    talk.bootstrap(bytes(16))
    file = tmp_path / "capture.txt"
    file.write_text("\n".join(talk.lines) + "\n")
    ran = wire("decode", "--table", "--pcap-lines", str(file), parsed=False)
    assert (ran.code, ran.err) == (0, "")
    assert "0.5 client-to-server request 0 bootstrap" in ran.out
    assert "drift ignored.server_word" in ran.out


def test_commas_and_short_arrows_will_do() -> None:
    talk = Recorder(between=", ")
    talk.bootstrap(bytes(24))
    talk.login()
    assert [kind for kind, _ in kinds(decoded(talk))] == ["request", "response"] * 2


def test_a_reconnect_is_seen_though_the_old_key_seems_to_fit() -> None:
    """One key in 256 turns the new bootstrap into bytes with a padding that fits."""
    again = seal(Frame(0, None, TOKEN), Encryptor(INITIAL_KEY))
    key = next(key for n in range(20_000) if opens(key := n.to_bytes(16, "big"), again))
    talk = Recorder()
    talk.bootstrap(key)
    talk.login()
    talk.connect()
    talk.bootstrap(bytes(32), TOKEN)
    talk.login()
    assert [line for line in decoded(talk) if "error" in line] == []


def opens(key: bytes, message: bytes) -> bool:
    try:
        Decryptor(key).decrypt(message[8:])
    except RemoteProtocolError:
        return False
    return True


def test_unknown_commands_of_the_session_are_told_as_such() -> None:
    talk = Recorder()
    talk.bootstrap(bytes(16))
    talk.login()
    talk.write(Role.GATEWAY, talk.gateway.seal(52, 0, b"\1").hex())
    talk.write(Role.TERMINAL, talk.terminal.seal(52, None, b"\2").hex())
    talk.write(Role.GATEWAY, talk.gateway.seal(52, 9, b"why").hex())
    talk.say(Push(15, ServerLink(0)))
    last = decoded(talk)[4:]
    assert kinds(last) == [
        ("response", 52),
        ("request", 52),
        ("response", 52),
        ("push", 15),
    ]
    assert last[0]["fields"] == {"code": 0, "body": "01"}
    assert last[1]["fields"] == {"payload": "02"}
    assert last[2]["fields"] == {"code": 9, "body": b"why".hex()}


def test_a_capture_without_its_bootstrap_cannot_be_decrypted() -> None:
    talk = Recorder()
    talk.bootstrap(bytes(range(32)))
    talk.login()
    talk.lines = talk.lines[2:]
    assert kinds(decoded(talk)) == [(None, "decrypt")] * 2
