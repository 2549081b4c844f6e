"""An account's snapshot, made from its journal by a process of its own.

Books with a long past take seconds to write down.  The daemon must not stand still for that, so another
process reads what is on disk, beside it and behind everything else that the machine has to do.
"""

import os
import sys
from pathlib import Path
from typing import Final

from oms.eventlog.errors import FileError
from oms.failpoints import VARIABLE, arm
from oms.replay import opened_books, save_snapshot

NICE: Final = 10


def command_line(folder: Path, account: str) -> list[str]:
    """What starts that process: exit code 0, or 1 with the reason on stderr."""
    return [sys.executable, "-m", __name__, str(folder), account]


def main() -> int:
    """Fold what lies behind the last snapshot, and keep the books."""
    os.nice(NICE)
    arm(os.environ.get(VARIABLE, ""))
    folder, account = Path(sys.argv[1]), sys.argv[2]
    try:
        found = opened_books(folder, account)
        save_snapshot(folder, account, found.books, found.seq)
    except FileError as why:
        sys.stderr.write(f"{why}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
