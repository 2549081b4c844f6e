"""What the load generator pushes: ticks of a load, sealed into the frames of one session.

Nothing here is made while it is measured.  All ticks of a flood are of one moment, so that no time guard of a
terminal drops any, however often they are replayed.  A paced frame carries its number as its milliseconds
behind the load's first moment: whoever finds a tick finds when it was sent.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from protocol.cipher import Encryptor
from protocol.frame import Frame, seal
from protocol.records.market import TICK, Tick
from tests.bench.peer import framed

TICKS: Final = 8  # the command
BID_ASK: Final = 0b11
FLOOD_FRAMES: Final = 1000  # prepared for a session, then again from the first
WRITE_BYTES: Final = 1 << 16  # of one write of a flood, about


def flood_bodies(frames: int, per_frame: int, symbols: int, moment_ms: int) -> list[bytes]:
    """The bodies of a flood's frames, the same for all sessions."""
    return [body(number, per_frame, symbols, moment_ms) for number in range(frames)]


def body(number: int, per_frame: int, symbols: int, moment_ms: int) -> bytes:
    """The ticks of a frame: symbols take turns, prices go up and down."""
    seconds, milliseconds = divmod(moment_ms, 1000)
    first = number * per_frame
    return b"".join(
        TICK.dump(
            Tick(
                symbol_id=index % symbols + 1,
                tick_time=seconds,
                time_ms_delta=milliseconds,
                fields=BID_ASK,
                bid=108_000.0 + index % 17,
                ask=108_003.0 + index % 17,
            )
        )
        for index in range(first, first + per_frame)
    )


def sealed(bodies: Sequence[bytes], key: bytes) -> list[bytes]:
    """Each body as a whole WebSocket frame under a session's key."""
    encryptor = Encryptor(key)
    return [framed(seal(Frame(TICKS, 0, one), encryptor)) for one in bodies]


def writes(frames: Sequence[bytes], count: int) -> Iterator[bytes]:
    """So many frames, over and over, joined to writes of about WRITE_BYTES."""
    size = min(len(frames), max(1, WRITE_BYTES // len(frames[0])))
    joined = [frames[start : start + size] for start in range(0, len(frames), size)]
    whole = [b"".join(group) for group in joined]
    turn = 0
    while count > 0:
        group = joined[turn]
        yield whole[turn] if len(group) <= count else b"".join(group[:count])
        count -= len(group)
        turn = (turn + 1) % len(joined)
