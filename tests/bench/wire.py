"""The wire: ticks, positions, ciphers, trade requests, against the floor and the plain codec.

The floor is the least that the same bytes can cost: a bare `Struct.iter_unpack` whose tuples nobody keeps, a
bare AES context.  Before anything is timed, ours and the plain codec are compared value by value.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from protocol.bodies import Batch, Body
from protocol.cipher import Decryptor, Encryptor
from protocol.commands import COMMANDS
from protocol.frame import Direction, Frame, seal, unseal
from protocol.quotes import Quotes, SymbolQuotes
from protocol.records.market import TICK, Tick
from protocol.records.trade import POSITION, TRADE_REQUEST, Position, TradeRequest
from tests.bench import plain
from tests.bench.measure import Row, nanoseconds, row

KEY = bytes(range(32))
SYMBOLS = 5
DIGITS = 5


def rows() -> Iterator[Row]:
    """All rows of the wire."""
    for size in (1, 5, 20, 100):
        yield from tick_rows(size)
    yield from position_rows()
    for size in (48, 1008):
        yield from cipher_rows(size)
    yield from frame_rows()
    yield from request_rows()


def tick_body(count: int) -> bytes:
    """Quotes of five symbols, all of one moment, so that no time guard drops any however often it is read."""
    ticks = [
        Tick(
            symbol_id=number % SYMBOLS + 1,
            tick_time=1_700_000_000,
            fields=3,
            bid=108_000.0 + number % 17,
            ask=108_003.0 + number % 19,
            time_ms_delta=500,
        )
        for number in range(count)
    ]
    return b"".join(TICK.dump(tick) for tick in ticks)


def tick_rows(count: int) -> Iterator[Row]:
    """Typed values; lookup with full merge."""
    body = tick_body(count)
    push = body_of(COMMANDS[8].push)
    quotes = Quotes()
    states: dict[tuple[int, bool], dict[str, object]] = {}
    for symbol_id in range(1, SYMBOLS + 1):
        quotes.add(symbol_id, SymbolQuotes(DIGITS, 10**-DIGITS))
        states[symbol_id, False] = plain.quote_state(DIGITS)

    def floor() -> None:
        deque(TICK.struct.iter_unpack(body), maxlen=0)

    def typed() -> list[Tick]:
        return list(push.decode(body)[0])

    def merged() -> list[object]:
        batch: Batch[Tick] = push.decode(body)[0]
        return [*quotes.apply_ticks(batch.rows())]

    def plain_typed() -> list[dict[str, object]]:
        return plain.records(body, plain.TICK_SIZE, plain.TICK)

    def plain_merged() -> list[dict[str, object]]:
        return plain.merge(states, plain.records(body, plain.TICK_SIZE, plain.TICK))

    _same([msgspec.structs.asdict(tick) for tick in typed()], plain_typed())
    _same([msgspec.to_builtins(tick) for tick in merged()], plain_merged())
    if len(merged()) != count:
        raise RuntimeError("the benchmark's ticks are dropped by the merge")
    calls = [(call, count) for call in (floor, typed, merged, plain_typed, plain_merged)]
    floor_ns, typed_ns, merged_ns, plain_ns, plain_merged_ns = nanoseconds(calls)
    judged = count == 20
    yield row(
        f"decode_typed_{count}",
        typed_ns,
        "ns/tick",
        floor_ns,
        must=1.8 if judged else None,
        goal=1.5 if judged else None,
    )
    yield row(f"decode_typed_{count}_plain", typed_ns, "ns/tick", plain_ns, better="higher", speed=True)
    yield row(
        f"decode_merge_{count}",
        merged_ns,
        "ns/tick",
        floor_ns,
        must=9 if judged else None,
        goal=6 if judged else None,
    )
    yield row(
        f"decode_merge_{count}_plain",
        merged_ns,
        "ns/tick",
        plain_merged_ns,
        better="higher",
        speed=True,
        must=3 if judged else None,
        goal=4.5 if judged else None,
    )


def position_rows() -> Iterator[Row]:
    """Twenty positions, with drift looked for as in answer 4."""
    positions = [
        Position(
            position_id=1_000_000 + number,
            trade_order=2_000_000 + number,
            time_create=1_700_000_000 + number,
            trade_symbol=["EURUSD", "GBPUSD", "XAUUSD", "US500.cash"][number % 4],
            trade_action=number % 2,
            price_open=1.08 + number,
            price_close=1.09,
            trade_volume=10_000_000,
            profit=12.5,
            comment=f"desk-{number}",
            contract_size=100_000.0,
            digits=5,
            digits_currency=2,
        )
        for number in range(20)
    ]
    records = b"".join(POSITION.dump(position) for position in positions)
    body = (20).to_bytes(4, "little") + records + bytes(4)
    answer = body_of(COMMANDS[4].answer)

    def typed() -> list[Position]:
        decoded: list[Position] = answer.decode(body)[0].positions
        return decoded

    def plain_typed() -> list[dict[str, object]]:
        return plain.records(records, plain.POSITION_SIZE, plain.POSITION)

    def floor() -> None:
        deque(POSITION.struct.iter_unpack(records), maxlen=0)

    _same([msgspec.structs.asdict(position) for position in typed()], plain_typed())
    typed_ns, plain_ns, floor_ns = nanoseconds([(typed, 20), (plain_typed, 20), (floor, 20)])
    yield row(
        "positions_decode", typed_ns, "ns/position", plain_ns, better="higher", speed=True, must=3, goal=15
    )
    yield row("positions_decode_floor", typed_ns, "ns/position", floor_ns)


def cipher_rows(size: int) -> Iterator[Row]:
    """Decrypting one ciphertext of `size` bytes."""
    plaintext = bytes(number % 251 for number in range(size - 1))
    ciphertext = plain.encrypt(KEY, plaintext)
    ours = Decryptor(KEY)
    bare = Cipher(algorithms.AES(KEY), modes.CBC(bytes(16))).decryptor()
    _same(ours.decrypt(ciphertext), plain.decrypt(KEY, ciphertext))
    calls = [
        partial(ours.decrypt, ciphertext),
        partial(plain.decrypt, KEY, ciphertext),
        partial(bare.update, ciphertext),
    ]
    ours_ns, plain_ns, floor_ns = nanoseconds([(call, 1) for call in calls])
    judged = size == 48
    yield row(
        f"cipher_{size}",
        ours_ns,
        "ns/frame",
        plain_ns,
        better="higher",
        speed=True,
        must=8 if judged else None,
        goal=10 if judged else None,
    )
    yield row(f"cipher_{size}_floor", ours_ns, "ns/frame", floor_ns)


def frame_rows() -> Iterator[Row]:
    """Decrypt and decode a frame of ticks, as it comes off the socket."""
    for count in (1, 20):
        message = seal(Frame(8, 0, tick_body(count), b"\xaa\xbb"), Encryptor(KEY))
        typed, plain_typed = _frame_readers(message)
        _same([msgspec.structs.asdict(tick) for tick in typed()], plain_typed())
        ours_ns, plain_ns = nanoseconds([(typed, 1), (plain_typed, 1)])
        yield row(f"frame_{count}", ours_ns, "ns/frame", plain_ns, better="higher", speed=True)


def _frame_readers(message: bytes) -> tuple[Callable[[], list[Tick]], Callable[[], list[dict[str, object]]]]:
    decryptor, push = Decryptor(KEY), body_of(COMMANDS[8].push)

    def typed() -> list[Tick]:
        frame = unseal(message, decryptor, Direction.ANSWER)
        return list(push.decode(frame.body)[0]) if frame else []

    def plain_typed() -> list[dict[str, object]]:
        inner = plain.decrypt(KEY, message[8:])
        return plain.records(inner[5:], plain.TICK_SIZE, plain.TICK)

    return typed, plain_typed


def request_rows() -> Iterator[Row]:
    """Encode a trade request; the same sealed into its message."""
    request = TradeRequest(
        action_id=1000,
        trade_action=3,
        trade_symbol="EURUSD",
        trade_volume=10_000_000,
        digits=5,
        type_filling=1,
        type_flags=2,
        comment="desk~ABCDEFGHIJ",
    )
    fields = msgspec.structs.asdict(request)
    encryptor = Encryptor(KEY)
    _same(TRADE_REQUEST.dump(request), plain.encode(fields, plain.TRADE_REQUEST))

    def sealed() -> bytes:
        return seal(Frame(12, None, TRADE_REQUEST.dump(request)), encryptor)

    def plain_sealed() -> bytes:
        inner = b"\0\0" + (12).to_bytes(2, "little") + plain.encode(fields, plain.TRADE_REQUEST)
        body = plain.encrypt(KEY, inner)
        return len(body).to_bytes(4, "little") + (1).to_bytes(4, "little") + body

    _same(sealed(), plain_sealed())
    calls: list[Callable[[], object]] = [
        partial(TRADE_REQUEST.dump, request),
        partial(plain.encode, fields, plain.TRADE_REQUEST),
        sealed,
        plain_sealed,
    ]
    ours_ns, plain_ns, sealed_ns, plain_sealed_ns = nanoseconds([(call, 1) for call in calls])
    yield row("trade_request_encode", ours_ns, "ns/request", plain_ns, better="higher", speed=True)
    yield row("trade_request_sealed", sealed_ns, "ns/request", plain_sealed_ns, better="higher", speed=True)


def body_of(body: Body[Any] | None) -> Body[Any]:
    """A body that the command table is known to hold."""
    if body is None:
        raise RuntimeError("no such body")
    return body


def _same(ours: object, reference: object) -> None:
    if ours != reference:
        raise RuntimeError("ours and the reference do not agree: a figure would mean nothing")
