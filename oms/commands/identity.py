"""When two payloads are the same command (docs/semantics.md 9).

A command is what it asks for: how its numbers were written, in which order its fields came and in which
format makes no difference, nor does how it is to be answered.  What is left at its default is left out, so
that a field that is added later changes no command of before; a default may never change.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import msgspec

from oms.domain.commands import Verb
from oms.domain.values import plain
from oms.payload import Number, Pairs

_canonical: Final = msgspec.json.Encoder(order="sorted").encode


def content(verb: Verb) -> dict[str, Any]:
    """What a command says, defaults left out; numbers are text, equal ones alike."""
    found = ((name, getattr(verb, name), default) for name, default in _defaults(type(verb)))
    said = {name: value for name, value, default in found if value != default}
    return {name: _worded(value) for name, value in plain(said).items()}


def digest(verb: Verb) -> str:
    """SHA-256, in hex, of the canonical JSON of the verb and its content."""
    return sha256(_canonical({"verb": verb.verb} | content(verb))).hexdigest()


def as_given(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Pairs in which nothing was wrong, as canonical JSON can hold them: numbers are text, as written."""
    return {name: _kept(value) for name, value in pairs}


@lru_cache
def _defaults(kind: type[Verb]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in msgspec.structs.fields(kind))


def _worded(value: Any) -> Any:
    """Integers beyond 2^53 are none in canonical JSON, so all of them are text."""
    if isinstance(value, dict):
        return {name: _worded(inner) for name, inner in value.items() if inner is not None}
    return str(value) if type(value) is int else value


def _kept(value: Any) -> Any:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Pairs):
        return as_given(value.items)
    return str(value) if type(value) is int else value
