"""Break the daemon for so long, then compare everything: soak-results.json, and soak-data beside it.

python -m tests.crash --seconds 3600 --seed 7

Exit code 0: nothing is wrong; 1: something is, and standard error says what; 2: the words make no sense.
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .processes import HURRIED, LIMITS
from .soak import Results, Soak, written

SECONDS, SEED = 60.0, 1
SHOWN: Final = 20  # lines of each kind


async def _until_told(soak: Soak) -> Results:
    """The run; SIGTERM ends it as Ctrl-C does."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await soak.run()


def main(arguments: Sequence[str] | None = None) -> int:
    """One run; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="of trouble; what follows takes longer"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, default=Path(), help="where results and data go")
    parser.add_argument(
        "--every-point", action="store_true", help="end when the daemon has died at each fail point"
    )
    parser.add_argument("--hurry", action="store_true", help="look for unknown outcomes 10 s, not 60 or 300")
    options = parser.parse_args(arguments)
    data = options.folder / "soak-data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    limits = HURRIED if options.hurry else LIMITS
    soak = Soak(data.resolve(), options.seed, options.seconds, every_point=options.every_point, limits=limits)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        results = asyncio.run(_until_told(soak))
        written(results, options.folder / "soak-results.json")
        report = {**soak.report, "problems": soak.problems}
        (data / "report.json").write_text(json.dumps(report, indent=2) + "\n")
        for name, lines in soak.problems.items():
            for line in lines[:SHOWN]:
                sys.stderr.write(f"{name}: {line}\n")
        sys.stdout.write((options.folder / "soak-results.json").read_text())
        return int(any(soak.problems.values()))
    sys.stderr.write("ended before its time; there are no results\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
