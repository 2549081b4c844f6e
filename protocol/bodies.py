"""Bodies of one shape or another, both ways: a record, a counted list, a list to the end.

A `Body` turns the bytes behind a command word or code byte into a typed value with its drift, and back.
Decoding raises `Truncated` where something that must be there is cut off, and nothing else; memory is
bounded by the input, since a count is believed only after the bytes for it are seen.  Encoding raises
`LocalProtocolError`.  Bodies of a shape of their own are in `protocol.composed`.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from struct import error as StructError  # noqa: N812 - the struct module's own name says nothing
from typing import Any, Generic, Protocol, TypeVar, overload

import msgspec

from .drift import NO_DRIFT, Drift, Told, drift_of, in_list
from .errors import LocalProtocolError, Truncated
from .layout import U32, Layout, R

V = TypeVar("V")
COUNT = Struct("<I")


class Body(Protocol[V]):
    """How one body is read, how it is written; `value_type` is the annotation of its values."""

    @property
    def value_type(self) -> Any:
        """As in an annotation: `list[Tick]`."""
        ...

    def decode(self, body: bytes) -> tuple[V, Drift]:
        """The value, and what was not understood of it."""
        ...

    def encode(self, value: V) -> bytes:
        """The bytes of a value."""
        ...


class Reader:
    """A position in a body."""

    __slots__ = ("at", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self.body) - self.at

    def number(self, field: str, code: Struct = COUNT, what: str = "") -> int:
        """One number; `Truncated` tells the path of the field, and `what` of it is missing."""
        if self.left < code.size:
            raise _cut(field, f"{what}: {self.left} of {code.size} bytes")
        (value,) = code.unpack_from(self.body, self.at)
        self.at += code.size
        return int(value)

    def take(self, field: str, size: int) -> bytes:
        """So many bytes; `Truncated` tells the path of the field."""
        if self.left < size:
            raise _cut(field, f": {self.left} of {size} bytes")
        self.at += size
        return self.body[self.at - size : self.at]

    def record(self, field: str, layout: Layout[R], *tail: object) -> R:
        """One record; `Truncated` tells its path."""
        if self.left < layout.size:
            raise _cut(field, f": {self.left} of {layout.size} bytes")
        record = layout.load(self.body, self.at, *tail)
        self.at += layout.size
        return record

    def records(self, field: str, layout: Layout[R], count: int) -> list[R]:
        """So many records in one pass; `Truncated` tells their path before any is made."""
        return layout.load_many(self.take(field, count * layout.size))

    def counted(self, field: str, layout: Layout[R]) -> list[R]:
        """A u32 count, then so many records."""
        return self.records(field, layout, self.number(field, what=" count"))

    def credible(self, field: str, count: int, size: int) -> int:
        """The count, once there are bytes for that many records of at least this size."""
        if count * size > self.left:
            raise _cut(field, f": {self.left} bytes for {count} records")
        return count


def _cut(field: str, what: str) -> Truncated:
    return Truncated(f"{field or 'body'}{what}", field=field or None)


def dump_under(path: str, layout: Layout[R], record: R, **counts: int) -> bytes:
    """A record with its counts set from its lists; an error is told under `path`."""
    try:
        return layout.dump(msgspec.structs.replace(record, **counts) if counts else record)
    except LocalProtocolError as why:
        raise under_path(path, why) from None


def write_records(name: str, layout: Layout[R], records: Iterable[R]) -> bytes:
    """The records one after the other; an error is told under name[n]."""
    return b"".join(dump_under(f"{name}[{number}]", layout, record) for number, record in enumerate(records))


def write_counted(name: str, layout: Layout[R], records: list[R]) -> bytes:
    """The u32 count of a list of records, then the records."""
    return COUNT.pack(len(records)) + write_records(name, layout, records)


def under_path(prefix: str, why: LocalProtocolError) -> LocalProtocolError:
    """The same error, its field seen from further out."""
    path = f"{prefix}.{why.field}" if why.field else prefix
    return LocalProtocolError(f"{prefix}.{why}", code=why.code, field=path)


def pack_number(name: str, code: Struct, value: Any) -> bytes:
    """One number outside of a record; an error tells its name."""
    try:
        return code.pack(value)
    except StructError:
        fits = "out_of_range" if isinstance(value, int) else "bad_value"
        raise LocalProtocolError(f"{name}: does not fit", code=fits, field=name) from None


def fixed_bytes(name: str, value: Any, size: int) -> bytes:
    """Bytes outside of a record, padded with zeros; an error tells their name."""
    if not isinstance(value, bytes):
        raise LocalProtocolError(f"{name}: not bytes", field=name)
    if len(value) > size:
        raise LocalProtocolError(
            f"{name}: {len(value)} bytes, at most {size}", code="out_of_range", field=name
        )
    return value.ljust(size, b"\0")


class Empty:
    """No body at all: the value is None."""

    value_type: Any = None

    def decode(self, body: bytes) -> tuple[None, Drift]:
        """None; anything there is unread."""
        return None, drift_of((), len(body))

    def encode(self, value: None) -> bytes:
        """Nothing; a value is an error."""
        if value is not None:
            raise LocalProtocolError("this body is empty: it takes no value")
        return b""


class One(Generic[R]):
    """One record."""

    def __init__(self, layout: Layout[R]) -> None:
        self.layout = layout
        self.value_type: Any = layout.record

    def decode(self, body: bytes) -> tuple[R, Drift]:
        """The record; what follows it is unread."""
        layout = self.layout
        record = layout.load(body)
        return record, drift_of(layout.drift(record), len(body) - layout.size)

    def encode(self, value: R) -> bytes:
        """The record's bytes."""
        return self.layout.dump(value)


class Stream(Generic[R]):
    """Records to the end of the body, without a count."""

    def __init__(self, layout: Layout[R]) -> None:
        self.layout = layout
        self.value_type: Any = list[layout.record]  # type: ignore[name-defined]

    def decode(self, body: bytes) -> tuple[list[R], Drift]:
        """The records; a remainder shorter than one is unread."""
        layout = self.layout
        unread = len(body) % layout.size
        records = layout.load_many(body[: len(body) - unread] if unread else body)
        return records, drift_of(in_list("", layout, records), unread)

    def encode(self, value: list[R]) -> bytes:
        """The records' bytes."""
        return write_records("", self.layout, value)


class Batch(Sequence[R]):
    """Records of a body, built only when asked for: most readers of ticks want the bare rows.

    Equal to any sequence of equal records.
    """

    __slots__ = ("_body", "_layout")

    def __init__(self, layout: Layout[R], body: bytes) -> None:
        self._layout = layout
        self._body = body

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The records as unpacked tuples, in the order of the layout, nothing converted."""
        return self._layout.struct.iter_unpack(self._body)

    def __len__(self) -> int:
        return len(self._body) // self._layout.size

    def __iter__(self) -> Iterator[R]:
        return iter(self._layout.load_many(self._body))

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> list[R]: ...
    def __getitem__(self, index: int | slice) -> R | list[R]:
        return self._layout.load_many(self._body)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Batch({list(self)!r})"


class Batches(Generic[R]):
    """Records to the end of the body, kept as one `Batch`; for layouts with nothing to tell as drift."""

    def __init__(self, layout: Layout[R]) -> None:
        self.layout = layout
        self.value_type: Any = list[layout.record]  # type: ignore[name-defined]
        self._size = layout.size

    def decode(self, body: bytes) -> tuple[Batch[R], Drift]:
        """The records; a remainder shorter than one is unread."""
        unread = len(body) % self._size
        if unread:
            return Batch(self.layout, body[:-unread]), drift_of((), unread)
        return Batch(self.layout, body), NO_DRIFT

    def encode(self, value: Iterable[R]) -> bytes:
        """The records' bytes."""
        return write_records("", self.layout, value)


class Counted(Generic[R]):
    """A u32 count, then so many records."""

    def __init__(self, layout: Layout[R]) -> None:
        self.layout = layout
        self.value_type: Any = list[layout.record]  # type: ignore[name-defined]

    def decode(self, body: bytes) -> tuple[list[R], Drift]:
        """The records; what follows them is unread."""
        reader = Reader(body)
        records = reader.counted("", self.layout)
        return records, drift_of(in_list("", self.layout, records), reader.left)

    def encode(self, value: list[R]) -> bytes:
        """The count, then the records' bytes."""
        return write_counted("", self.layout, value)


class SymbolIds:
    """A u32 count, then so many u32 symbol ids: the value is a list of them."""

    value_type: Any = list[U32]

    def decode(self, body: bytes) -> tuple[list[int], Drift]:
        """The ids; what follows them is unread."""
        reader = Reader(body)
        ids = [
            symbol_id
            for (symbol_id,) in COUNT.iter_unpack(reader.take("ids", reader.number("ids", what=" count") * 4))
        ]
        return ids, drift_of((), reader.left)

    def encode(self, value: list[int]) -> bytes:
        """The count, then the ids."""
        try:
            return Struct(f"<I{len(value)}I").pack(len(value), *value)
        except StructError:
            raise LocalProtocolError("ids: not all u32", code="out_of_range", field="ids") from None


T = TypeVar("T", bound=msgspec.Struct)


class TwoLists(Generic[T]):
    """Two counted lists, one behind the other, as the two fields of a struct."""

    def __init__(self, value: type[T], first: Layout[Any], second: Layout[Any]) -> None:
        self.value_type: Any = value
        self.parts = tuple(zip(value.__struct_fields__, (first, second), strict=True))

    def decode(self, body: bytes) -> tuple[T, Drift]:
        """Both lists; what follows them is unread."""
        reader = Reader(body)
        lists = [reader.counted(name, layout) for name, layout in self.parts]
        told: list[Told] = []
        for (name, layout), records in zip(self.parts, lists, strict=True):
            told += in_list(name, layout, records)
        return self.value_type(*lists), drift_of(told, reader.left)

    def encode(self, value: T) -> bytes:
        """Both lists, each behind its count."""
        return b"".join(write_counted(name, layout, getattr(value, name)) for name, layout in self.parts)
