"""The format of a journal's file: its tables, its chain, its envelope; a number, kept in the file.

It is frozen.  What events say changes by their own versions; another format would be another kind of file,
and this one would be read all the same.
"""

from pathlib import Path
from typing import Final

from .errors import ForeignJournal, NewerJournal

FORMAT: Final = "1"


def recognize(path: Path, found: object) -> None:
    """Return where a journal of the format `found` can be read here; raises NewerJournal, ForeignJournal."""
    if found == FORMAT:
        return
    if isinstance(found, str) and found.isascii() and found.isdecimal() and int(found) > int(FORMAT):
        raise NewerJournal(
            path,
            f"has the format {found}, and {FORMAT} is read here: a newer version wrote it, and can read it",
        )
    raise ForeignJournal(path, f"has the format {found!r}, and only {FORMAT!r} can be read here")
