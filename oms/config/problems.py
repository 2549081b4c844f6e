"""What is wrong with a configuration: all of it, and for each thing where it stands."""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, or, among the warnings, unwise; it repeats no value."""

    place: str  # the file, or "variable NAME"
    line: int  # of the file; 0 = none
    key: str  # dotted, "" = the whole file
    what: str

    def record(self) -> dict[str, str | int]:
        """As JSON has it."""
        return {"place": self.place, "line": self.line, "key": self.key, "what": self.what}

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        return f"{where}: {self.key}: {self.what}" if self.key else f"{where}: {self.what}"


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` are in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
