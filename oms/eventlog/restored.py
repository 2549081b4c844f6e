"""A file beside a journal that says: this journal was put back, it may have forgotten what happened since.

Whoever restores a journal leaves it there; the daemon takes it away when the journal itself says so.
"""

from pathlib import Path
from typing import Final

from .durable import sync_folder
from .errors import Unreadable

MOST: Final = 200  # characters of why: it goes into an event
NO_WORD: Final = "restored"


def mark_restored(folder: Path, account: str, why: str) -> None:
    """Leave the mark, on disk when this returns.  Raises Unreadable where that is not possible."""
    path = mark_path(folder, account)
    try:
        path.write_text(f"{why}\n")
        sync_folder(folder)
    except OSError as error:
        raise Unreadable(path, f"cannot be written: {error.strerror}") from None


def restored_mark(folder: Path, account: str) -> str | None:
    """Why the journal was restored, as far as the mark says; None: there is none.  Raises Unreadable."""
    path = mark_path(folder, account)
    try:
        with path.open("rb") as file:
            text = file.read(4 * MOST).decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {error.strerror}") from None
    line = next(iter(text.splitlines()), "")
    return "".join(one for one in line if one.isprintable()).strip()[:MOST] or NO_WORD


def clear_restored(folder: Path, account: str) -> None:
    """The journal says it now.  Raises Unreadable."""
    path = mark_path(folder, account)
    try:
        path.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise Unreadable(path, f"cannot be removed: {error.strerror}") from None


def mark_path(folder: Path, account: str) -> Path:
    """Where the mark is, beside the journal."""
    return folder / f"{account}.restored"
