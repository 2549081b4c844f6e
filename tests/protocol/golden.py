"""The golden vectors, which the official client made, and how they compare."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Vector = dict[str, Any]

FOLDER = Path(__file__).parent / "vectors"
FILES = (
    "frames_and_ciphers",
    "more_books",
    "more_quotes",
    "more_wire",
    "more_wire_overlong",
    "pushes",
    "quote_merge",
    "requests",
    "responses",
    "scalars_and_checks",
)
STEPPED = {"quote-merge": "quote", "book-merge": "book"}
_DIGITS = re.compile(r"-?\d+").fullmatch


def vectors(wanted: Callable[[Vector], bool]) -> Iterator[Vector]:
    """The vectors of the wire that a test wants, in the order of the files."""
    for file in FILES:
        yield from filter(wanted, json.loads((FOLDER / f"{file}.json").read_text("utf-8")))


def bodies() -> list[Vector]:
    """All vectors of bodies: requests, responses, pushes."""
    return [*vectors(lambda v: v["kind"] in ("request", "response", "push") and "topic" not in v)]


def difference(given: Any, expected: Any, path: str = "fields") -> str | None:
    """Where a decoded value is not what a vector says, None where it is nowhere.

    A name that the vector leaves out stands for zero or empty; one that only the vector has says nothing
    about the wire.  Numbers equal their digits in a string.
    """
    if isinstance(given, dict):
        if not isinstance(expected, dict):
            return f"{path}: {given!r} is not {expected!r}"
        return _first(
            difference(value, expected[name], f"{path}.{name}")
            if name in expected
            else (None if is_empty(value) else f"{path}.{name}: {value!r} is not empty")
            for name, value in given.items()
        )
    if isinstance(given, list):
        if not isinstance(expected, list) or len(given) != len(expected):
            return f"{path}: {given!r} is not {expected!r}"
        pairs = enumerate(zip(given, expected, strict=True))
        return _first(difference(value, wanted, f"{path}[{n}]") for n, (value, wanted) in pairs)
    return None if _number(given) == _number(expected) else f"{path}: {given!r} is not {expected!r}"


def is_empty(value: Any) -> bool:
    """Whether a decoded value is what a field left out stands for."""
    if isinstance(value, dict):
        return all(map(is_empty, value.values()))
    if isinstance(value, list):
        return all(map(is_empty, value))
    return not (value.strip("0") if isinstance(value, str) else value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and len(value) <= 20 and _DIGITS(value) else value


def _first(told: Iterator[str | None]) -> str | None:
    return next((text for text in told if text is not None), None)
