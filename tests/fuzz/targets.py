"""What is fuzzed: each target takes bytes and may fail in no way but those the contract names."""

import json
import random
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from oms.cli.wire.capture import decode_capture
from oms.cli.wire.lines import decode, encode, serve
from oms.cli.wire.steps import STEP_TOPICS, check_line
from protocol.bodies import Body
from protocol.commands import COMMANDS
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frame import HEADER
from protocol.messages import Push, Request
from protocol.records.market import Tick
from protocol.session import Role, Session
from tests.cli.wire.recorder import Recorder
from tests.protocol.conversation import bootstrapped, closed, connected, initialised, logged_in, say
from tests.protocol.golden import STEPPED, Vector, bodies, vectors

PARTS = {"request": "request", "response": "answer", "push": "push"}


class Target(NamedTuple):
    """A name, what may be given to begin with, and what must not fail."""

    name: str
    corpus: list[bytes]
    run: Callable[[bytes], None]


def targets() -> list[Target]:
    """All of them."""
    return [*_bodies(), *_sessions(), *_lines()]


def _bodies() -> list[Target]:
    corpus: dict[tuple[str, int], list[bytes]] = {}
    for vector in bodies():
        key = (PARTS[vector["kind"]], vector["command"])
        corpus.setdefault(key, []).append(bytes.fromhex(vector["hex"]))
    found = []
    for number, command in COMMANDS.items():
        for part in PARTS.values():
            body: Body[Any] | None = getattr(command, part)
            if body is not None:
                seeds = corpus.get((part, number), [bytes(2000)])
                found.append(Target(f"body {part} {number} {command.name}", seeds, _decoder(body)))
    plain = corpus["answer", 6]
    packed = [bytes(4) + zlib.compress(body, 1) for body in plain]
    found.append(Target("body answer 34 inflated", plain, _compressed(COMMANDS[34].answer)))
    return [
        t._replace(corpus=t.corpus + packed) if t.name.startswith("body answer 34 s") else t for t in found
    ]


def _decoder(body: Body[Any]) -> Callable[[bytes], None]:
    def run(raw: bytes) -> None:
        try:
            value, drift = body.decode(raw)
        except RemoteProtocolError:
            return
        repr(value)
        repr(drift)
        _reads_back(body, value)

    return run


def _reads_back(body: Body[Any], value: Any) -> None:
    """What was decoded is encoded to bytes that decode to the same, or told not to fit."""
    try:
        written = body.encode(value)
    except LocalProtocolError:
        return
    again, _ = body.decode(written)
    if repr(again) != repr(value) and body.encode(again) != written:
        raise AssertionError("a decoded value changes when it is encoded and decoded again")


def _compressed(body: Body[Any] | None) -> Callable[[bytes], None]:
    assert body is not None
    run = _decoder(body)
    return lambda raw: run(bytes(4) + zlib.compress(raw, 1))


def _busy() -> tuple[Session, Session]:
    """Logged in, requests on their way, one of them given up."""
    terminal, gateway = logged_in()
    for command, value in ((3, None), (4, None), (6, None), (9, None), (20, [1]), (34, None)):
        say(terminal, gateway, Request(command, value))
    lost = Request(18, [1])
    say(terminal, gateway, lost)
    terminal.declare_timeout(lost)
    return terminal, gateway


SITUATIONS = {
    "fresh": connected,
    "bootstrapped": bootstrapped,
    "initialised": initialised,
    "logged-in": logged_in,
    "busy": _busy,
    "closed": closed,
}


def _sessions() -> list[Target]:
    """Inputs are command u16, code u8, body: sealed under the session's key, as a peer could."""
    heads = [(vector, vector["command"].to_bytes(2, "little")) for vector in bodies()]
    asked = [head + b"\0" + bytes.fromhex(v["hex"]) for v, head in heads if v["kind"] == "request"]
    told = [head + b"\0" + bytes.fromhex(v["hex"]) for v, head in heads if v["kind"] != "request"]
    found = [
        Target(f"session {role.value} {name}", told if role is Role.TERMINAL else asked, _hearer(make, role))
        for name, make in SITUATIONS.items()
        for role in Role
    ]
    raw = [bytes.fromhex(v["hex"]) for v in vectors(lambda v: v["kind"] == "frame")]
    found += [Target(f"session {role.value} raw frames", raw, _raw_hearer(role)) for role in Role]
    return found


def _hearer(make: Callable[[], tuple[Session, Session]], role: Role) -> Callable[[bytes], None]:
    pair: list[tuple[Session, Session]] = []
    heard = 0

    def run(raw: bytes) -> None:
        nonlocal heard
        if not heard % 50:  # a session lives on, as real ones do, but not for ever
            pair[:] = [make()]
        heard += 1
        terminal, gateway = pair[0]
        hearer, speaker = (terminal, gateway) if role is Role.TERMINAL else (gateway, terminal)
        command = int.from_bytes(raw[:2], "little")
        code = (raw[2] if len(raw) > 2 else 0) if role is Role.TERMINAL else None
        _received(hearer, speaker.seal(command, code, raw[3:]))

    return run


def _raw_hearer(role: Role) -> Callable[[bytes], None]:
    session = Session(role)
    # One in eight is given a length that can be decrypted.
    return lambda raw: _received(session, raw if len(raw) % 8 else raw[: len(raw) // 16 * 16 + HEADER.size])


def _received(session: Session, message: bytes) -> None:
    try:
        heard = session.receive(message)
    except RemoteProtocolError:
        return
    repr(heard)
    session.released()


def _lines() -> list[Target]:
    chosen: list[Vector] = [
        *vectors(
            lambda v: v["kind"] in ("request", "response", "push", "frame", "cipher") and "topic" not in v
        )
    ]
    small = [v for v in chosen if len(v["hex"]) < 6000]
    opened = [_line(v, "hex", "fields") for v in small if v["kind"] in ("frame", "cipher")]
    found = [
        Target("wire decode", [_line(v, "hex") for v in small] + opened, _served(decode)),
        Target("wire encode", [_line(v, "fields") for v in small], _served(encode)),
        Target("wire encode tampered", [_line(v, "fields") for v in small], _tampered(encode)),
    ]
    for topic, name in STEPPED.items():
        steps = [_line(v, "fields", "steps") for v in vectors(lambda v, t=topic: v.get("topic") == t)]  # type: ignore[misc]
        check = _check(name)
        found.append(Target(f"wire check {name}", steps, _served(check)))
        found.append(Target(f"wire check {name} tampered", steps, _tampered(check)))
    assert {*STEPPED.values()} == {*STEP_TOPICS}
    return [*found, Target("wire decode --pcap-lines", [_capture(bytes(32)), _capture(bytes(16))], _captured)]


def _capture(key: bytes) -> bytes:
    """A session, a push, a reconnect."""
    talk = Recorder()
    talk.bootstrap(key)
    talk.login()
    talk.say(Push(8, [Tick(symbol_id=5)]))
    talk.connect()
    talk.bootstrap(bytes(24))
    return "\n".join(talk.lines).encode()


def _captured(raw: bytes) -> None:
    lines = raw.split(b"\n")
    answers = [*decode_capture(lines)]
    assert len(answers) == len([line for line in lines if line.strip()])
    json.dumps([answer for answer, _ in answers], allow_nan=False)


def _check(topic: str) -> Callable[[Any], Any]:
    return lambda line: check_line(topic, line)


def _line(vector: Vector, *names: str) -> bytes:
    return json.dumps({name: vector[name] for name in ("kind", "command", *names)}).encode()


def _served(handle: Callable[[Any], Any]) -> Callable[[bytes], None]:
    def run(raw: bytes) -> None:
        answer, error = serve(handle, raw, 1)
        json.dumps(answer, allow_nan=False)
        assert ("error" in answer) == (error is not None)

    return run


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**32,
    2**64,
    10**30,
    10**400,
    0.5,
    1e308,
    "",
    "nan",
    "-inf",
    "zz",
    "00" * 40,
    "\ud800",
    [],
    {},
    [{}],
)


def _tampered(handle: Callable[[Any], Any]) -> Callable[[bytes], None]:
    """The line stays JSON: the bytes only choose which places of it are changed, and to what."""
    run = _served(handle)

    def tamper(raw: bytes) -> None:
        chance = random.Random(raw)
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            line = {"kind": "request", "command": chance.choice(sorted(COMMANDS)), "fields": {}}
        for _ in range(chance.randrange(1, 4)):
            line = _changed(chance, line)
        run(json.dumps(line).encode())

    return tamper


def _changed(chance: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        return {**value, name: _changed(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], _changed(chance, value[at]), *value[at + 1 :]]
    return chance.choice(ODD)
