"""`python -m tests.simulation SEED [SEED ...]`: runs of these seeds; `SEED-SEED` is all between."""

import sys
import tempfile
import time
from pathlib import Path

from .judged import simulated, told


def main(arguments: list[str]) -> int:
    failed = 0
    for argument in arguments:
        first, _, last = argument.partition("-")
        for seed in range(int(first), int(last or first) + 1):
            failed += not _one(seed)
    return 1 if failed else 0


def _one(seed: int) -> bool:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        try:
            found: object = simulated(seed, Path(folder))
        except* Exception as why:
            found = f"FAILED {told(why)}"
    print(seed, f"{time.perf_counter() - began:.2f} s", found)
    return "FAILED" not in str(found)


sys.exit(main(sys.argv[1:]))
