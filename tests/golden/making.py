"""Makes the logs of tests/golden/format-1 from the program as it is.

    python -m tests.golden.making

Only until the first release: from then on they stay as they are, and what changes gets a version of its own.
"""

import itertools
import json
import lzma
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from oms.eventlog.envelope import Draft
from oms.projections.books import STATE_VERSION
from oms.replay import rebuilt
from tests.eventlog.scene import NOON, opened
from tests.golden.shapes import FILE, shapes
from tests.ingest.held import told_by_truth
from tests.projections.hashing import state_hash
from tests.simulation.judged import simulated
from tests.simulation.market import LOGIN

SEED: Final = 7
SAMPLES: Final = Path(__file__).parent.parent / "domain" / "samples"
INTO: Final = Path(__file__).parent / "format-1"


def trading(folder: Path) -> None:
    """The journal of a simulated run, and the venue's truth."""
    found = simulated(SEED, folder)
    life = max(folder.glob("life-*"), key=lambda path: int(path.name.split("-")[1]))
    copy = folder / "copy.db"
    with closing(sqlite3.connect(life / "main.db")) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        seq, head = target.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    put("trading", copy)
    told = {
        "events": seq,
        "head": head.hex(),
        "state_hash": state_hash(rebuilt(copy).books),
        "state_version": STATE_VERSION,
        "truth": plain(told_by_truth(found.truth, LOGIN)),
    }
    (INTO / "trading.json").write_text(json.dumps(told, indent=1) + "\n")


def every_type(folder: Path) -> None:
    """The samples of all types, one after the other."""
    ticking = itertools.count(NOON, 1_000_000_000)
    journal = opened(folder, clock=lambda: next(ticking), random=lambda count: bytes(range(count)))
    for path in sorted(SAMPLES.glob("*.1.json")):
        sample = json.loads(path.read_text())
        if sample["type"] != "account.opened":
            journal.write([Draft(sample["type"], 1, sample["data"])])
    journal.close()
    put("every-type", journal.path)


def put(name: str, path: Path) -> None:
    (INTO / f"{name}.db.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))


def plain(value: Any) -> Any:
    """As JSON has it: sets in order, decimals as text."""
    match value:
        case set():
            return sorted(value)
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case tuple():
            return [plain(one) for one in value]
        case None | str():
            return value
    return f"{value:f}"


if __name__ == "__main__":
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        trading(Path(one))
        every_type(Path(other))
    FILE.write_text(json.dumps(shapes(), indent=0, sort_keys=True) + "\n")
