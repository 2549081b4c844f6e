"""Run every target in turn until the time is over; stop at the first failure."""

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets

MEMORY_MIB = 1024  # far above what decoding needs: one list of symbols inflates to 64 MiB
ROUND = 20  # executions of a target before the next one has its turn


def memory_mib() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """The exit code: 0, or 1 after a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "HEX"), help="run one input again")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    chosen = targets()
    if arguments.replay:
        name, digits = arguments.replay
        (target,) = (target for target in chosen if target.name == name)
        return 0 if survived(target, bytes.fromhex(digits), seed) else 1
    return fuzz(chosen, seed, arguments.seconds)


def fuzz(chosen: list[Target], seed: int, seconds: float) -> int:
    """Rounds over all targets; what was run is printed at the end."""
    chance = random.Random(seed)
    ran: Counter[str] = Counter()
    begun = time.monotonic()
    passed = True
    while passed and time.monotonic() - begun < seconds:
        for target in chosen:
            passed = spent(target, chance, seed, ran)
            if not passed or time.monotonic() - begun >= seconds:
                break
    for target in chosen:
        print(f"{ran[target.name]:>9}  {target.name}")
    elapsed = time.monotonic() - begun
    total, rate = ran.total(), ran.total() / max(elapsed, 1e-9)
    print(f"{total:>9}  in all, {elapsed:.1f} s, {rate:.0f} a second, {memory_mib():.0f} MiB at most")
    return 0 if passed else 1


def spent(target: Target, chance: random.Random, seed: int, ran: Counter[str]) -> bool:
    """One round of a target."""
    for _ in range(ROUND):
        ran[target.name] += 1
        given = mutated(chance, target.corpus)
        if not survived(target, given, seed):
            return False
    if memory_mib() > MEMORY_MIB:
        print(f"FAILED {target.name}: {memory_mib():.0f} MiB of memory; seed {seed}\ninput {given.hex()}")
        return False
    return True


def survived(target: Target, given: bytes, seed: int) -> bool:
    """Whether a target took an input as it must; a failure is printed with all that repeats it."""
    try:
        target.run(given)
    except Exception:  # noqa: BLE001 - whatever it is, it is the finding
        traceback.print_exc()
        print(f"FAILED {target.name}; seed {seed}\ninput {given.hex()}", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
