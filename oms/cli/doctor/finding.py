"""What was looked at, and how it is."""

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """One line of the report; the hint says what to do, where something is to be done."""

    what: str
    state: State
    found: str
    hint: str = ""


def ok(what: str, found: str, hint: str = "") -> Finding:
    """As it should be."""
    return Finding(what, "ok", found, hint)


def warning(what: str, found: str, hint: str) -> Finding:
    """The daemon runs all the same."""
    return Finding(what, "warning", found, hint)


def problem(what: str, found: str, hint: str) -> Finding:
    """The daemon would not run, or not as it should."""
    return Finding(what, "problem", found, hint)
