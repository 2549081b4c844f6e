"""What the reason codes of a command mean: each part that refuses has a table of its own."""

from typing import NamedTuple


class Code(NamedTuple):
    """Why a command is refused."""

    meaning: str
    retcode: int | None = None  # what the venue would have said; None: nothing, or it depends
