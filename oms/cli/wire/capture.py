"""A captured conversation as decoded lines: `oms wire decode --pcap-lines FILE`.

A line is direction, time, hex, separated by white space or commas.  The direction is client-to-server or
server-to-client (`>` or `<` for short), the time is copied as it stands, the hex is one whole WebSocket
message.  What a refusal says, or a command that the table does not hold, stays hex.  The capture must
begin with its bootstrap: the session key is taken from it.  A second bootstrap in the file is a reconnect,
which begins again with the initial key.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from oms.cli.wire.lines import body_of, drift_json, fields_of
from oms.cli.wire.values import Line, WireError, read_bytes
from protocol.cipher import INITIAL_KEY, Decryptor
from protocol.commands import COMMANDS
from protocol.errors import ProtocolError, RemoteProtocolError
from protocol.frame import Direction, Frame, unseal
from protocol.records.access import BootstrapAnswer

DIRECTIONS: Final = {
    ">": Direction.REQUEST,
    "<": Direction.ANSWER,
    **{direction.value: direction for direction in Direction},
}


class Capture:
    """The keys as the conversation goes on."""

    def __init__(self) -> None:
        self._decryptor = Decryptor(INITIAL_KEY)

    def decode(self, direction: Direction, time: str, message: bytes) -> Line:
        """One message as a line of `oms wire decode`, with its direction and time."""
        frame = self._unseal(direction, message)
        head: Line = {"direction": direction.value, "time": time}
        if frame is None:
            return {**head, "kind": "frame", "command": None, "fields": {}, "drift": {}}
        kind = self._kind(frame)
        head |= {"kind": kind, "command": frame.command}
        if frame.code is None and frame.command not in COMMANDS:
            return {**head, "fields": {"payload": frame.body.hex()}, "drift": {}}
        if frame.code or frame.command not in COMMANDS:
            return {**head, "fields": {"code": frame.code, "body": frame.body.hex()}, "drift": {}}
        value, drift = body_of(kind, frame.command).decode(frame.body)
        if isinstance(value, BootstrapAnswer):
            self._decryptor = Decryptor(value.key)
        return {**head, "fields": fields_of(kind, frame.command, value), "drift": drift_json(drift)}

    def _unseal(self, direction: Direction, message: bytes) -> Frame | None:
        """The frame, under the key so far or, at a reconnect, under the initial one again.

        One wrong key in 256 gives a padding that fits, so a command must be known to be believed.
        """
        failure, found = None, None
        try:
            found = unseal(message, self._decryptor, direction)
        except RemoteProtocolError as why:
            failure = why
        else:
            if found is None or found.command in COMMANDS:
                return found
        if (again := self._bootstrap(direction, message)) is not None:
            return again
        if failure is not None:
            raise failure
        return found

    def _bootstrap(self, direction: Direction, message: bytes) -> Frame | None:
        initial = Decryptor(INITIAL_KEY)
        try:
            frame = unseal(message, initial, direction)
        except RemoteProtocolError:
            return None
        if frame is None or frame.command != 0:
            return None
        self._decryptor = initial
        return frame

    @staticmethod
    def _kind(frame: Frame) -> str:
        if frame.code is None:
            return "request"
        spec = COMMANDS.get(frame.command)
        return "push" if spec is not None and spec.answer is None else "response"


def decode_capture(lines: Iterable[bytes]) -> Iterator[tuple[Line, str | None]]:
    """The answer to each line of a capture, with the error's message if it is one."""
    capture = Capture()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield capture.decode(*_split(line)), None
        except (WireError, ProtocolError) as why:
            error = {"line": number, "code": why.code, "message": str(why), "field": why.field}
            yield {"error": error}, str(why)


def _split(line: bytes) -> tuple[Direction, str, bytes]:
    words = line.decode("utf-8", "replace").replace(",", " ").split()
    if len(words) != 3:
        raise WireError("bad_value", f"{len(words)} columns, not direction, time, hex")
    direction, time, digits = words
    if direction not in DIRECTIONS:
        raise WireError("bad_value", f"direction: not one of {', '.join(DIRECTIONS)}", "direction")
    return DIRECTIONS[direction], time, read_bytes(digits, "hex")
