"""Names of files that outlast a power failure."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """A new name, or one that is gone, is so on disk when its folder is.  Raises OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
