"""`python -m tests.simulation SEED ...`: runs of these seeds, `1-1000` is all between; what fails is told.

With `--digests` a line for each: the seed, the digest of its journal, of its frames.
"""

import sys
import time

from .judged import digests, judged, told


def main(arguments: list[str]) -> int:
    """1 where a run was not what it must be."""
    digesting = "--digests" in arguments
    failed = []
    for seed in (seed for one in arguments if one[0] != "-" for seed in between(one)):
        began = time.perf_counter()
        try:
            found: object = " ".join(digests(seed)) if digesting else judged(seed)
        except Exception as why:  # noqa: BLE001 - whatever it is, it is told, and the next seed has its turn
            failed.append(seed)
            found = f"FAILED\n{told(why)}"
        print(seed, found if digesting else f"{time.perf_counter() - began:.2f} s {found}", flush=True)
    if failed:
        print("again:", ".venv/bin/python -m tests.simulation", *failed)
    return bool(failed)


def between(seeds: str) -> range:
    """`7`, or `1-1000`, both in it."""
    first, _, last = seeds.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
