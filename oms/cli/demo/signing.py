"""The demo's own key for heads, beside its data: to be tried, not to be trusted."""

from pathlib import Path
from typing import Final

from oms.cli.ending import FAILED, Failure
from oms.cli.keys.keeping import made, read
from oms.config import HeadSettings, Secret

KEY, HEADS = "heads.key", "heads"  # files in the data folder
EVERY_S: Final = 5.0


def head_settings(folder: Path) -> HeadSettings:
    """Heads to NATS and to a file, signed by a key that is made the first time; raises Failure."""
    path = folder / KEY
    try:
        key = read(path) if path.exists() else made(path)
    except OSError as why:
        raise Failure(FAILED, f"--data: {path}: {why.strerror}") from None
    return HeadSettings(Secret(key.text, f"file {path}"), (key.public,), EVERY_S, folder / HEADS)
