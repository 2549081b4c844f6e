"""How a record class becomes bytes, both ways, from one declaration.

A record is a frozen `msgspec.Struct`.  Each field that is on the wire is annotated with a `Kind`, in wire
order, so that name, type and position stand on one line.  A field without a `Kind` is not part of the
record's fixed bytes: the list, file or ticket that follows it, filled in by `protocol.bodies`.

`Layout` compiles a record class to one `struct.Struct` and two generated functions, once, at import.
Generated because a loop over fields costs 5 to 15 times the unpacking itself (docs/design.md).
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import starmap
from struct import Struct
from struct import error as StructError  # noqa: N812 - the struct module's own name says nothing
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, get_type_hints

import msgspec

from .errors import LocalProtocolError, Truncated

HIDDEN: Final = "***"

# Marks beside a Kind.
SECRET: Final = object()  # never in a repr, nor in a cache
COUNTED: Final = object()  # the length of what follows: written from that, whatever the record says
IGNORED: Final = object()  # the official client skips it: what it holds is told as drift when not zero


class Kind(NamedTuple):
    """How one field sits on the wire: a struct code, its converters, what is known of its values."""

    name: str  # as the tables of docs/protocol.md write it
    code: str
    load: Callable[[Any], Any] | None = None
    dump: Callable[[Any], Any] | None = None
    known: frozenset[int] | None = None  # the listed values; None = any
    nested: "Layout[Any] | None" = None
    inline: bool = False  # a nested record whose fields are shown beside the others
    ignored: bool = False  # marked IGNORED
    counted: bool = False  # marked COUNTED

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return Struct("<" + self.code).size


class Record(msgspec.Struct, frozen=True, gc=False):
    """A typed value of one layout; its repr hides passwords, tickets and keys.

    gc=False is safe: a frozen record cannot be made part of a cycle.
    """

    def __repr__(self) -> str:
        """Name and fields, secrets hidden."""
        shown = (f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for rich."""
        hidden = secret_names(type(self))
        values = ((attribute, getattr(self, attribute)) for attribute in self.__struct_fields__)
        return [(name, HIDDEN if value and name in hidden else value) for name, value in values]


R = TypeVar("R", bound=Record)


@lru_cache(maxsize=256)
def hints_of(record: type[msgspec.Struct]) -> dict[str, Any]:
    """The annotations of a class by attribute, marks included."""
    return get_type_hints(record, include_extras=True)


@lru_cache(maxsize=256)
def secret_names(record: type[Record]) -> frozenset[str]:
    """The attributes of a record class whose values never appear in a repr."""
    return frozenset(name for name, hint in hints_of(record).items() if is_secret(hint))


def kind_of(hint: Any) -> Kind | None:
    """The Kind in an annotation, or None where the field is not among the fixed bytes."""
    marks = getattr(hint, "__metadata__", ())
    kind = next((mark for mark in marks if isinstance(mark, Kind)), None)
    return kind and kind._replace(ignored=IGNORED in marks, counted=COUNTED in marks)


def is_secret(hint: Any) -> bool:
    """Whether an annotation says that the value is a secret."""
    return SECRET in getattr(hint, "__metadata__", ())


# Numbers.  The names are those of docs/protocol.md's tables.

U8 = Annotated[int, Kind("u8", "B")]
I8 = Annotated[int, Kind("i8", "b")]
U16 = Annotated[int, Kind("u16", "H")]
I16 = Annotated[int, Kind("i16", "h")]
U32 = Annotated[int, Kind("u32", "I")]
I32 = Annotated[int, Kind("i32", "i")]
U64 = Annotated[int, Kind("u64", "Q")]
I64 = Annotated[int, Kind("i64", "q")]
F64 = Annotated[float, Kind("f64", "d")]


def u8(values: type[IntEnum]) -> Kind:
    """A u8 whose values are listed."""
    return Kind("u8", "B", known=frozenset(values))


def i8(values: type[IntEnum]) -> Kind:
    """An i8 whose values are listed."""
    return Kind("i8", "b", known=frozenset(values))


def u16(values: type[IntEnum]) -> Kind:
    """A u16 whose values are listed."""
    return Kind("u16", "H", known=frozenset(values))


def u32(values: type[IntEnum]) -> Kind:
    """A u32 whose values are listed."""
    return Kind("u32", "I", known=frozenset(values))


def i32(values: type[IntEnum]) -> Kind:
    """An i32 whose values are listed."""
    return Kind("i32", "i", known=frozenset(values))


# Text, bytes and what is made of them.

_utf16 = codecs.utf_16_le_decode


def read_utf16(raw: bytes) -> str:
    """UTF-16LE up to the first zero unit; a lone surrogate is kept as it is (docs/protocol.md 0)."""
    return _utf16(raw, "surrogatepass", True)[0].partition("\0")[0]


class _Remembered(dict[bytes, str]):
    """Strings already read.  Forgotten all at once when there are too many: no order is worth its cost."""

    LIMIT: Final = 16384

    def __missing__(self, raw: bytes) -> str:
        if len(self) >= self.LIMIT:
            self.clear()
        self[raw] = value = read_utf16(raw)
        return value


# Symbols, comments and paths repeat in every record: remembering them halves the cost of a position.
_read_repeated = _Remembered().__getitem__


def write_utf16(value: str) -> bytes:
    """UTF-16LE; the struct code cuts it by code unit and pads it with zeros."""
    return value.encode("utf-16-le", "surrogatepass")


def text(size: int) -> Kind:
    """A zero-padded UTF-16LE string of `size` bytes."""
    return Kind(f"utf16 {size}", f"{size}s", _read_repeated, write_utf16)


def secret_text(size: int) -> Kind:
    """A string of `size` bytes that no cache keeps; to be marked SECRET as well."""
    return text(size)._replace(load=read_utf16)


def _fitting(size: int) -> Callable[[bytes], bytes]:
    def dump(value: bytes) -> bytes:
        if len(value) > size:
            raise StructError(f"{len(value)} bytes do not fit into {size}")
        return value

    return dump


def raw(size: int) -> Kind:
    """`size` bytes as they are; shorter ones are padded with zeros, longer ones are an error."""
    return Kind(f"bytes {size}", f"{size}s", None, _fitting(size))


def doubles(count: int) -> Kind:
    """A row of `count` doubles as a tuple."""
    row = Struct(f"<{count}d")

    def dump(value: Iterable[float]) -> bytes:
        return row.pack(*value)

    return Kind(f"bytes {row.size}", f"{row.size}s", row.unpack, dump)


EPOCH_MS: Final = 11_644_473_600_000  # 1601-01-01 to 1970-01-01
FILETIME = Kind(
    "filetime", "Q", lambda ticks: ticks // 10_000 - EPOCH_MS, lambda unix_ms: (unix_ms + EPOCH_MS) * 10_000
)
UnixMs = Annotated[int, FILETIME]


def nested(layout: "Layout[Any]", *, inline: bool = False) -> Kind:
    """A record inside a record."""
    return Kind(
        f"bytes {layout.size}", f"{layout.size}s", layout.load, layout.dump, nested=layout, inline=inline
    )


class Field(NamedTuple):
    """One field of a layout: `name` as the wire names it, `attribute` as Python can."""

    name: str
    attribute: str
    offset: int
    kind: Kind


class Layout(Generic[R]):
    """A record class and the one Struct that its annotations compile to."""

    def __init__(self, record: type[R]) -> None:
        self.record = record
        hints = hints_of(record)
        self.fields: list[Field] = []
        offset = 0
        for name, attribute in zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True):
            if (kind := kind_of(hints[attribute])) is not None:
                self.fields.append(Field(name, attribute, offset, kind))
                offset += kind.size
        self.struct = Struct("<" + "".join(field.kind.code for field in self.fields))
        self.size = self.struct.size
        self._make, self._tuple, self._many = self._compile()
        self._judged = [f for f in self.fields if f.kind.known or f.kind.ignored or _judged(f.kind.nested)]
        self.plain = self._compile_plain()

    def __repr__(self) -> str:
        return f"Layout({self.record.__name__}, {self.size} bytes)"

    @property
    def judged(self) -> bool:
        """Whether any field has listed values, or is one that the official client skips."""
        return bool(self._judged)

    def load(self, body: bytes, offset: int = 0, *tail: Any) -> R:
        """The record at `offset`, `tail` being what its fields without a Kind get; else `Truncated`."""
        if len(body) - offset < self.size:
            raise Truncated(f"{self.record.__name__}: {len(body) - offset} of {self.size} bytes")
        return self._make(tail, *self.struct.unpack_from(body, offset))  # type: ignore[no-any-return]

    def load_many(self, body: bytes) -> list[R]:
        """All records of a body whose length is a multiple of the record's, in one pass."""
        return self._many(self.struct.iter_unpack(body))  # type: ignore[no-any-return]

    def dump(self, record: R) -> bytes:
        """The record's bytes; `LocalProtocolError` names the field that does not fit."""
        try:
            return self.struct.pack(*self._tuple(record))
        except (LocalProtocolError, StructError, TypeError, AttributeError, OverflowError, ValueError):
            raise self._misfit(record) from None

    def drift(self, record: R, also: frozenset[int] = frozenset()) -> Iterator[tuple[str, Any, bool]]:
        """(path, value, ignored) of each unlisted value and of each non-zero skipped field.

        `also` are values that count as listed here: the "no override" of docs/protocol.md 7.6.
        """
        if self.plain(record):
            return
        for name, attribute, _, kind in self._judged:
            value = getattr(record, attribute)
            if kind.nested is not None:
                prefix = "" if kind.inline else f"{name}."
                for path, inner, skipped in kind.nested.drift(value, also):
                    yield prefix + path, inner, skipped
            elif kind.ignored:
                if not _is_zero(value):
                    yield name, value, True
            elif kind.known is not None and value not in kind.known and value not in also:
                yield name, value, False

    def _compile(self) -> tuple[Any, Any, Any]:
        """Functions of (tail, *unpacked) -> record, record -> values to pack, iterator -> records."""
        scope: dict[str, Any] = {"record": self.record}
        slots, loads, dumps = [], [], []
        for number, (_, attribute, _, kind) in enumerate(self.fields):
            slot, value = f"v{number}", f"r.{attribute}"
            scope |= {f"l{number}": kind.load, f"d{number}": kind.dump}
            slots.append(slot)
            loads.append(f"l{number}({slot})" if kind.load else slot)
            dumps.append(f"d{number}({value})" if kind.dump else value)
        names, made, values = ", ".join(slots), ", ".join(loads), ", ".join(dumps)
        source = {
            "make": f"lambda tail, {names}: record({made}, *tail)",
            "tuple": f"lambda r: ({values},)",
            "many": f"lambda rows: [record({made}) for ({names},) in rows]",
        }
        make, to_tuple, many = (
            eval(code, scope)  # noqa: S307 - made from field names of our own classes
            for code in source.values()
        )
        if slots == loads:  # nothing to convert: starmap builds the records without a Python frame
            record = self.record

            def many(rows: Iterator[tuple[Any, ...]]) -> list[R]:
                return list(starmap(record, rows))

        return make, to_tuple, many

    def _compile_plain(self) -> Callable[[R], bool]:
        """A quick test for records that hold nothing to tell, as nearly all do."""
        tests: list[str] = []
        scope: dict[str, Any] = {}
        for number, (_, attribute, _, kind) in enumerate(self._judged):
            if kind.nested is not None:
                scope[f"k{number}"] = kind.nested.plain
                tests.append(f"k{number}(r.{attribute})")
            elif kind.known is not None:
                scope[f"k{number}"] = kind.known
                tests.append(f"r.{attribute} in k{number}")
            else:
                scope[f"k{number}"] = _is_zero
                tests.append(f"k{number}(r.{attribute})")
        return eval(f"lambda r: {' and '.join(tests) or True}", scope)  # type: ignore[no-any-return]  # noqa: S307

    def _misfit(self, record: R) -> LocalProtocolError:
        """Which field of a record that could not be packed was at fault."""
        if not isinstance(record, self.record):
            return LocalProtocolError(f"not a {self.record.__name__}")
        for name, attribute, _, kind in self.fields:
            value = getattr(record, attribute, None)
            try:
                Struct("<" + kind.code).pack(kind.dump(value) if kind.dump else value)
            except LocalProtocolError as why:
                if kind.inline and why.field:
                    return why
                path = f"{name}.{why.field}" if why.field else name
                return LocalProtocolError(f"{name}.{why}", code=why.code, field=path)
            except (StructError, OverflowError):
                number = isinstance(value, int | float | bytes | bytearray)
                code = "out_of_range" if number else "bad_value"
                return LocalProtocolError(f"{name}: does not fit {kind.name}", code=code, field=name)
            except (TypeError, AttributeError, ValueError):
                return LocalProtocolError(f"{name}: not a {kind.name}", code="bad_value", field=name)
        return LocalProtocolError(f"not a {self.record.__name__}")


def _is_zero(value: int | bytes) -> bool:
    return not (value.strip(b"\0") if isinstance(value, bytes) else value)


def _judged(layout: Layout[Any] | None) -> bool:
    return layout is not None and layout.judged
