"""What a gateway's WebSocket frames are (RFC 6455 5): whole binary messages taken out, the rest passed on.

No I/O.  Bytes may come in any pieces: the same messages come out, in the same order.  Fragmented binary
messages are put together here, because a WebSocket library beside it would hand them over later than frames
that came behind them; control frames between the fragments are passed on at once.  Control and text frames
go to that library as they came, bit for bit.

The sum of a message's frame lengths is held against the limit as soon as a header announces it, before any
of the payload is kept.  So what is kept is at most one message of that size, and a header.

The first violation is the end, as is a close frame: nothing behind it is read.
"""

from struct import Struct
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE = 0, 1, 2, 8
DATA: Final = frozenset({CONTINUATION, TEXT, BINARY})
CONTROL: Final = frozenset({CLOSE, 9, 10})
FINAL, RESERVED, OPCODE = 0x80, 0x70, 0x0F  # of the first byte
MASKED, LENGTH = 0x80, 0x7F  # of the second
WHOLE_BINARY: Final = FINAL | BINARY
SHORT: Final = 125  # the longest that the second byte itself holds; also of a control frame
U16, U64 = Struct(">H"), Struct(">Q")

PROTOCOL_ERROR, TOO_BIG = 1002, 1009  # close codes (RFC 6455 7.4.1)


class Violation(NamedTuple):
    """How the peer broke the WebSocket protocol, with the close code that says so."""

    code: int
    text: str


class Taken(NamedTuple):
    """What some bytes came to: whole binary messages, and what is passed on."""

    messages: list[bytes]
    passed: bytearray


class _Header(NamedTuple):
    first: int
    length: int
    size: int  # of the header itself


class _Broken(Exception):
    """The frame at hand breaks a rule."""

    def __init__(self, text: str, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(text)
        self.violation = Violation(code, text)


class Deframer:
    """One direction of a WebSocket, behind its handshake; `limit` is the longest message, in bytes."""

    def __init__(self, limit: int) -> None:
        self.violation: Violation | None = None
        self.close_code: int | None = None  # of the peer's close frame, where it has one
        self._limit = limit
        self._ended = False
        self._rest = b""  # the beginning of a header, or of a control frame
        self._opcode = CONTINUATION  # TEXT or BINARY while such a message is not complete
        self._announced = 0  # bytes of that message, as far as its frames tell
        self._message = bytearray()  # what there is of it, if it is binary
        self._missing = 0  # bytes of its present frame that are still to come
        self._last = False  # its present frame is the last

    @property
    def ended(self) -> bool:
        """Whether the peer has closed or broken a rule."""
        return self._ended

    def feed(self, data: bytes) -> Taken:
        """The next bytes of the peer; none matter once it has closed or broken a rule."""
        taken = Taken([], bytearray())
        if self._ended:
            return taken
        data, at = self._rest + data, 0
        if self._missing:
            at = self._payload(data, at, taken)
        try:
            at = self._frames(data, at, taken)
        except _Broken as why:
            self.violation, self._ended = why.violation, True
        self._rest = b"" if self._ended else data[at:]
        return taken

    def _frames(self, data: bytes, at: int, taken: Taken) -> int:
        """Every frame that has begun; where the first begins whose header is not there."""
        while not self._ended:
            if self._opcode == CONTINUATION:
                at = _whole_frames(data, at, self._limit, taken.messages)
            header = _header(data, at)
            if header is None:
                break
            if header.first & OPCODE in CONTROL:
                end = at + header.size + header.length
                if end > len(data):
                    break
                self._control(header, data[at:end], taken)
                at = end
            else:
                self._begin(header, data[at : at + header.size], taken)
                at = self._payload(data, at + header.size, taken)
        return at

    def _control(self, header: _Header, frame: bytes, taken: Taken) -> None:
        taken.passed.extend(frame)
        if header.first & OPCODE == CLOSE:
            self._ended = True
            if header.length >= U16.size:
                (self.close_code,) = U16.unpack_from(frame, header.size)

    def _begin(self, header: _Header, raw: bytes, taken: Taken) -> None:
        """A data frame: the first of a message, or its next."""
        opcode = header.first & OPCODE
        if (opcode == CONTINUATION) == (self._opcode == CONTINUATION):
            raise _Broken("a continuation of nothing" if opcode == CONTINUATION else "a message in a message")
        self._announced += header.length
        if self._announced > self._limit:
            raise _Broken(f"a message of more than {self._limit} bytes", TOO_BIG)
        self._opcode = self._opcode or opcode
        self._missing, self._last = header.length, bool(header.first & FINAL)
        if self._opcode == TEXT:
            taken.passed.extend(raw)

    def _payload(self, data: bytes, at: int, taken: Taken) -> int:
        """What there is of a data frame's payload; where it ends."""
        end = min(len(data), at + self._missing)
        kept = taken.passed if self._opcode == TEXT else self._message
        kept.extend(memoryview(data)[at:end])
        self._missing -= end - at
        if not self._missing and self._last:
            self._complete(taken)
        return end

    def _complete(self, taken: Taken) -> None:
        if self._opcode == BINARY:
            taken.messages.append(bytes(self._message))
            self._message = bytearray()
        self._opcode, self._announced = CONTINUATION, 0


def _whole_frames(data: bytes, at: int, limit: int, messages: list[bytes]) -> int:
    """Take what nearly everything is: whole binary frames with a short header.  Where they end.

    The one loop that the speed of receiving hangs on: nothing in it but what such a frame needs.
    """
    append, size = messages.append, len(data)
    last = size - 1  # where no second byte follows
    while at < last and data[at] == WHOLE_BINARY:
        length = data[at + 1]
        start = at + 2
        if length > SHORT:
            if length != 126 or size < start + 2:
                break
            length = data[start] << 8 | data[start + 1]
            start += 2
            if length <= SHORT:
                break
        end = start + length
        if end > size or length > limit:
            break
        append(data[start:end])
        at = end
    return at


def _header(data: bytes, at: int) -> _Header | None:
    """The frame header at this place, None while it is not complete; _Broken where it breaks a rule."""
    left = len(data) - at
    if left < 2:
        return None
    first, second = data[at], data[at + 1]
    _check(first, second)
    length = second & LENGTH
    if length <= SHORT:
        return _Header(first, length, 2)
    code, least = (U16, SHORT + 1) if length == 126 else (U64, 1 << 16)
    if left < 2 + code.size:
        return None
    (length,) = code.unpack_from(data, at + 2)
    if not least <= length < 1 << 63:
        raise _Broken(f"a length of {length} in {code.size} bytes")
    return _Header(first, length, 2 + code.size)


def _check(first: int, second: int) -> None:
    opcode = first & OPCODE
    if opcode not in DATA and opcode not in CONTROL:
        raise _Broken(f"the reserved opcode {opcode}")
    if first & RESERVED:
        raise _Broken("reserved bits without an extension")
    if second & MASKED:
        raise _Broken("a masked frame from a server")
    if opcode in CONTROL and not first & FINAL:
        raise _Broken("a fragmented control frame")
    if opcode in CONTROL and second > SHORT:
        raise _Broken("a control frame longer than 125 bytes")
