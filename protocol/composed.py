"""Bodies of a shape of their own: nested lists, parts that may be missing, files, a compressed list.

Each is a `protocol.bodies.Body`; the rules are those of docs/protocol.md 2.2, 4 and 5.
"""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Any

import msgspec

from .bodies import COUNT, Counted, Reader, dump_under, fixed_bytes, pack_number, write_counted, write_records
from .cipher import KEY_SIZES
from .drift import Drift, Told, drift_of, in_list, under
from .errors import LocalProtocolError, RemoteProtocolError, Truncated
from .records.access import (
    BOOTSTRAP_ANSWER,
    LOGIN_ANSWER,
    OTP_SETUP,
    BootstrapAnswer,
    LoginAnswer,
    OtpSetup,
)
from .records.market import BOOK_HEAD, BOOK_LEVEL, Book
from .records.onboarding import DOCUMENT, OPENING, REAL_EXT, Document, Opening, RealExtension
from .records.symbols import SPREAD, SPREAD_GROUP, SPREAD_LEG, SYMBOL, Spread, SpreadGroup, Symbol
from .records.trade import (
    DEAL,
    DEAL_TRANSACTION,
    ORDER_TRANSACTION,
    POSITION,
    DealTransaction,
    OrderTransaction,
)

U64 = Struct("<Q")
TICKET_SIZE = 160
LEVELS_LIMIT = 65535  # of a book: its count is a u16
INFLATED_LIMIT = 64 * 1024 * 1024  # about 127 000 symbols; a larger list is a bomb, not a broker


class BootstrapAnswerBody:
    """Answer of command 0: the key is the rest of the body (docs/protocol.md 2.2)."""

    value_type: Any = BootstrapAnswer

    def decode(self, body: bytes) -> tuple[BootstrapAnswer, Drift]:
        """The answer; a key of no AES length is an error."""
        answer = BOOTSTRAP_ANSWER.load(body, 0, body[BOOTSTRAP_ANSWER.size :])
        if len(answer.key) < min(KEY_SIZES):
            raise Truncated(f"key: {len(answer.key)} bytes, a key has 16, 24 or 32", field="key")
        if len(answer.key) not in KEY_SIZES:
            raise RemoteProtocolError(f"key: {len(answer.key)} bytes, a key has 16, 24 or 32", field="key")
        return answer, drift_of(BOOTSTRAP_ANSWER.drift(answer))

    def encode(self, value: BootstrapAnswer) -> bytes:
        """The bytes; a key of no AES length is an error."""
        key = fixed_bytes("key", value.key, max(KEY_SIZES))[: len(value.key)]
        if len(key) not in KEY_SIZES:
            raise LocalProtocolError("key: not 16, 24 or 32 bytes", field="key")
        return BOOTSTRAP_ANSWER.dump(value) + key


class LoginAnswerBody:
    """Answer of command 28: the session number may be missing (docs/protocol.md 4.1)."""

    value_type: Any = LoginAnswer

    def decode(self, body: bytes) -> tuple[LoginAnswer, Drift]:
        """The answer; `session` is None where the body ended before it."""
        reader = Reader(body)
        ticket = reader.take("password_ticket", TICKET_SIZE)
        session = reader.number("session", U64) if reader.left >= U64.size else None
        return LoginAnswer(ticket, session), drift_of((), reader.left)

    def encode(self, value: LoginAnswer) -> bytes:
        """168 bytes, or 160 where `session` is None."""
        ticket = LOGIN_ANSWER.dump(value)
        if value.session is None:
            return ticket
        return ticket + pack_number("session", U64, value.session)


class OtpSetupBody:
    """Command 43: a ticket may follow (docs/protocol.md 4.10)."""

    value_type: Any = OtpSetup

    def decode(self, body: bytes) -> tuple[OtpSetup, Drift]:
        """The request; `password_ticket` is None where the body ended before it."""
        reader = Reader(body)
        setup = reader.record("", OTP_SETUP)
        if reader.left >= TICKET_SIZE:
            ticket = reader.take("password_ticket", TICKET_SIZE)
            setup = msgspec.structs.replace(setup, password_ticket=ticket)
        return setup, drift_of(OTP_SETUP.drift(setup), reader.left)

    def encode(self, value: OtpSetup) -> bytes:
        """476 bytes, 636 with a ticket."""
        if not value.password_ticket:
            return OTP_SETUP.dump(value)
        return OTP_SETUP.dump(value) + fixed_bytes("password_ticket", value.password_ticket, TICKET_SIZE)


class SpreadGroups:
    """Answer of command 20, also pushed: groups to the end, with their legs (docs/protocol.md 4.8)."""

    value_type: Any = list[SpreadGroup]

    def decode(self, body: bytes) -> tuple[list[SpreadGroup], Drift]:
        """The groups; a remainder shorter than a group's head is unread."""
        reader = Reader(body)
        groups: list[SpreadGroup] = []
        while reader.left >= SPREAD_GROUP.size + COUNT.size:
            path = f"[{len(groups)}].spreads"
            head = reader.record(path, SPREAD_GROUP)
            count = reader.credible(path, reader.number(path, what=" count"), SPREAD.size)
            spreads = [self._spread(reader, f"{path}[{number}]") for number in range(count)]
            groups.append(SpreadGroup(head.ignored, spreads))
        return groups, drift_of(self._told(groups), reader.left)

    def encode(self, value: list[SpreadGroup]) -> bytes:
        """The groups; legs are written behind spreads with an id only."""
        written = []
        for number, group in enumerate(value):
            at = f"[{number}]"
            written += [dump_under(at, SPREAD_GROUP, group), COUNT.pack(len(group.spreads))]
            for index, spread in enumerate(group.spreads):
                path = f"{at}.spreads[{index}]"
                written.append(dump_under(path, SPREAD, spread))
                if spread.spread_id:
                    written.append(write_counted(f"{path}.legs_a", SPREAD_LEG, spread.legs_a))
                    written.append(write_counted(f"{path}.legs_b", SPREAD_LEG, spread.legs_b))
        return b"".join(written)

    @staticmethod
    def _spread(reader: Reader, path: str) -> Spread:
        spread = reader.record(path, SPREAD)
        if not spread.spread_id:
            return spread
        legs_a = reader.counted(f"{path}.legs_a", SPREAD_LEG)
        legs_b = reader.counted(f"{path}.legs_b", SPREAD_LEG)
        return msgspec.structs.replace(spread, legs_a=legs_a, legs_b=legs_b)

    @staticmethod
    def _told(groups: list[SpreadGroup]) -> Iterator[Told]:
        yield from in_list("", SPREAD_GROUP, groups)
        for number, group in enumerate(groups):
            yield from in_list(f"[{number}].spreads", SPREAD, group.spreads)
            for index, spread in enumerate(group.spreads):
                yield from in_list(f"[{number}].spreads[{index}].legs_a", SPREAD_LEG, spread.legs_a)
                yield from in_list(f"[{number}].spreads[{index}].legs_b", SPREAD_LEG, spread.legs_b)


class Books:
    """Push 23: books, each followed by its levels (docs/protocol.md 5.5)."""

    value_type: Any = list[Book]

    def decode(self, body: bytes) -> tuple[list[Book], Drift]:
        """The books; a body of four bytes or less holds none."""
        if len(body) <= COUNT.size:
            return [], drift_of(())
        reader = Reader(body)
        count = reader.credible("", reader.number("", what="count"), BOOK_HEAD.size)
        books = []
        for number in range(count):
            book = reader.record(f"[{number}]", BOOK_HEAD)
            levels = reader.records(f"[{number}].levels", BOOK_LEVEL, book.count)
            books.append(msgspec.structs.replace(book, levels=levels) if levels else book)
        return books, drift_of(self._told(books), reader.left)

    def encode(self, value: list[Book]) -> bytes:
        """The books; each `count` is that of its levels."""
        written = [COUNT.pack(len(value))]
        for number, book in enumerate(value):
            if len(book.levels) > LEVELS_LIMIT:
                path = f"[{number}].levels"
                raise LocalProtocolError(f"{path}: more than {LEVELS_LIMIT}", code="out_of_range", field=path)
            written.append(dump_under(f"[{number}]", BOOK_HEAD, book, count=len(book.levels)))
            written.append(write_records(f"[{number}].levels", BOOK_LEVEL, book.levels))
        return b"".join(written)

    @staticmethod
    def _told(books: list[Book]) -> Iterator[Told]:
        yield from in_list("", BOOK_HEAD, books)
        for number, book in enumerate(books):
            yield from in_list(f"[{number}].levels", BOOK_LEVEL, book.levels)


Transaction = OrderTransaction | DealTransaction
DEAL_CLASS = 2


class Transactions:
    """Push 10: records of one class, told by the first mask (docs/protocol.md 5.3)."""

    value_type: Any = list[Transaction]

    def decode(self, body: bytes) -> tuple[list[Transaction], Drift]:
        """The transactions, all `DealTransaction` or all `OrderTransaction`; a remainder is unread."""
        if len(body) >= COUNT.size and COUNT.unpack_from(body)[0] == DEAL_CLASS:
            return self._deals(Reader(body))
        unread = len(body) % ORDER_TRANSACTION.size
        orders = ORDER_TRANSACTION.load_many(body[: len(body) - unread])
        return [*orders], drift_of(in_list("", ORDER_TRANSACTION, orders), unread)

    def encode(self, value: list[Transaction]) -> bytes:
        """The records; all must be of the class that the mask of the first one tells."""
        written = []
        for number, record in enumerate(value):
            path = f"[{number}]"
            if isinstance(record, DealTransaction) is not (value[0].flag_mask == DEAL_CLASS):
                raise LocalProtocolError(
                    f"{path}: not of the class that the first flag_mask tells", field=path
                )
            if isinstance(record, DealTransaction):
                written.append(dump_under(path, DEAL_TRANSACTION, record))
                written.append(write_counted(f"{path}.deals", DEAL, record.deals))
                written.append(write_counted(f"{path}.positions", POSITION, record.positions))
            else:
                written.append(dump_under(path, ORDER_TRANSACTION, record))
        return b"".join(written)

    @staticmethod
    def _deals(reader: Reader) -> tuple[list[Transaction], Drift]:
        records: list[Transaction] = []
        told: list[Told] = []
        while reader.left >= DEAL_TRANSACTION.size:
            at = f"[{len(records)}]"
            head = reader.record(at, DEAL_TRANSACTION)
            deals = reader.counted(f"{at}.deals", DEAL)
            positions = reader.counted(f"{at}.positions", POSITION)
            told += under(at, DEAL_TRANSACTION.drift(head))
            told += in_list(f"{at}.deals", DEAL, deals)
            told += in_list(f"{at}.positions", POSITION, positions)
            if deals or positions:
                head = msgspec.structs.replace(head, deals=deals, positions=positions)
            records.append(head)
        return records, drift_of(told, reader.left)


class RealOpening(msgspec.Struct, frozen=True):
    """Command 39: an application for a real account."""

    opening: Opening = Opening()
    extension: RealExtension = RealExtension()
    documents: list[Document] = []


class RealOpenings:
    """Command 39: application, extension, documents with their files to the end (docs/protocol.md 4.12)."""

    value_type: Any = RealOpening

    def decode(self, body: bytes) -> tuple[RealOpening, Drift]:
        """The application; a remainder shorter than a document is unread."""
        reader = Reader(body)
        opening, extension = reader.record("opening", OPENING), reader.record("extension", REAL_EXT)
        documents: list[Document] = []
        while reader.left >= DOCUMENT.size:
            path = f"documents[{len(documents)}]"
            document = reader.record(path, DOCUMENT)
            front = reader.take(f"{path}.front", document.front_size)
            back = reader.take(f"{path}.back", document.back_size)
            documents.append(msgspec.structs.replace(document, front=front, back=back))
        return RealOpening(opening, extension, documents), drift_of((), reader.left)

    def encode(self, value: RealOpening) -> bytes:
        """The bytes; the sizes are those of the files."""
        written = [
            dump_under("opening", OPENING, value.opening),
            dump_under("extension", REAL_EXT, value.extension),
        ]
        for number, document in enumerate(value.documents):
            sizes = {"front_size": len(document.front), "back_size": len(document.back)}
            written.append(dump_under(f"documents[{number}]", DOCUMENT, document, **sizes))
            written += [document.front, document.back]
        return b"".join(written)


class CompressedSymbols:
    """Answer of command 34: four bytes nobody reads, then the body of command 6 as gzip or zlib."""

    value_type: Any = list[Symbol]

    def __init__(self, limit: int = INFLATED_LIMIT) -> None:
        self.limit = limit
        self.plain = Counted(SYMBOL)

    def decode(self, body: bytes) -> tuple[list[Symbol], Drift]:
        """The symbols; a stream that is damaged or inflates beyond the limit is an error."""
        reader = Reader(body)
        reader.take("", COUNT.size)
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by the header
        try:
            inflated = stream.decompress(reader.take("", reader.left), self.limit)
        except zlib.error:
            raise RemoteProtocolError("symbols: neither a gzip nor a zlib stream") from None
        if not stream.eof:
            if stream.unconsumed_tail:
                raise RemoteProtocolError(f"symbols: more than {self.limit} bytes inflated")
            raise Truncated("symbols: the compressed stream is cut off")
        symbols, drift = self.plain.decode(inflated)
        return symbols, drift.merged(drift_of((), len(stream.unused_data)))

    def encode(self, value: list[Symbol]) -> bytes:
        """The uncompressed size, then a gzip stream with no time in it."""
        plain = self.plain.encode(value)
        stream = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        return COUNT.pack(len(plain)) + stream.compress(plain) + stream.flush()
