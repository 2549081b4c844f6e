"""The fields of a command, read by their declarations: every value, or every problem."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from oms.domain.events.command import Reason
from oms.payload import Number, Pairs, brief, shown
from protocol.enums import Retcode

from .codes import DUPLICATE_FIELD, MISSING_FIELD, OUT_OF_RANGE, UNKNOWN_FIELD
from .kinds import Kind, Unfit, kind_of

# What the venue says where one of these cannot be so, or is not there (docs/protocol.md 7.7).
RETCODES: Final[dict[str, int]] = {
    "volume": Retcode.INVALID_VOLUME.value,
    "price": Retcode.INVALID_PRICE.value,
    "limit_price": Retcode.INVALID_PRICE.value,
    "sl": Retcode.INVALID_STOPS.value,
    "tp": Retcode.INVALID_STOPS.value,
    "expires_at": Retcode.INVALID_EXPIRATION.value,
}
UNKNOWN_TOLD: Final = 16  # fields that nobody knows: a payload has room for thousands


class Field(NamedTuple):
    """A field as it is declared."""

    name: str
    kind: Kind
    required: bool
    nullable: bool
    default: Any  # None: null is the same as absent


class Found(NamedTuple):
    """What the pairs of a payload come to."""

    given: frozenset[str]  # fields that say something, readable or not
    values: dict[str, Any]  # those that could be read
    reasons: list[Reason]

    def known(self, name: str, otherwise: Any) -> Any:
        """A field's value, or what it is where it is not given; None where it could not be read."""
        return self.values.get(name) if name in self.given else otherwise


def fields_of(declared: type[msgspec.Struct]) -> dict[str, Field]:
    """A struct's fields by name."""
    hints = get_type_hints(declared, include_extras=True)
    return {field.name: _field(field, hints[field.name]) for field in msgspec.structs.fields(declared)}


def read_fields(
    known: Mapping[str, Field], pairs: Sequence[tuple[str, Any]], *, strict: bool = True
) -> Found:
    """All of the pairs; without `strict` what is not known, or is missing, is no problem.

    Of the fields that are not known the first few are told.
    """
    values: dict[str, Any] = {}
    given: set[str] = set()
    reasons: list[Reason] = []
    unknown: list[Reason] = []
    times = Counter(name for name, _ in pairs)
    for name, value in dict(pairs).items():
        field = known.get(name)
        if field is None:
            if len(unknown) < UNKNOWN_TOLD:
                unknown.append(_unknown(name, value, known))
        elif times[name] > 1:
            given.add(name)
            reasons.append(Reason(DUPLICATE_FIELD, f"{name} is there {times[name]} times", name))
        elif value is not None or field.default is not None:
            given.add(name)
            try:
                values[name] = _read(field, value)
            except Unfit as why:
                reasons.append(_unfit(field, value, why))
    if strict:
        missing = [field.name for field in known.values() if field.required and field.name not in given]
        reasons += [*unknown, *map(needed, missing)]
    return Found(frozenset(given), values, reasons)


def needed(name: str, message: str = "") -> Reason:
    """The reason for a field that is not there."""
    return Reason(MISSING_FIELD, message or f"{name} is missing", name, retcode=RETCODES.get(name))


def spelled(value: Any) -> str:
    """What was given, short and printable."""
    match value:
        case str():
            return brief(value)
        case Number():
            return brief(value.text)
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
            return repr(value)
        case Pairs():
            return "an object"
        case list():
            return "a list"
    return type(value).__name__  # bytes, and what else MessagePack has


def _field(declared: msgspec.structs.FieldInfo, hint: Any) -> Field:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    (one,) = [option for option in options if option not in (NoneType, msgspec.UnsetType)]
    return Field(declared.name, kind_of(one), declared.required, NoneType in options, declared.default)


def _read(field: Field, value: Any) -> Any:
    if value is not None:
        return field.kind.read(value)
    if field.nullable:
        return None
    raise Unfit(message="cannot be null")


def _unfit(field: Field, value: Any, why: Unfit) -> Reason:
    return Reason(
        why.code,
        f"{field.name}: {why.message or f'must be {field.kind.says}'}",
        f"{field.name}.{why.inner}" if why.inner else field.name,
        spelled(value),
        retcode=RETCODES.get(field.name) if why.code == OUT_OF_RANGE else None,
    )


def _unknown(name: str, value: Any, known: Iterable[str]) -> Reason:
    return Reason(
        UNKNOWN_FIELD, f"{shown(name)} is no field here: {', '.join(known)}", brief(name), spelled(value)
    )
