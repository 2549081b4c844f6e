"""How long to wait before a venue is tried again."""

import random
from typing import Final, NamedTuple

JITTER: Final = 0.5  # of the time, either way
MOST_DOUBLINGS: Final = 16


class Backoff(NamedTuple):
    """Seconds: at once, then `first`, then twice as long each time up to `limit`, with jitter."""

    first: float = 0.5
    limit: float = 30.0
    settled: float = 30.0  # up this long, and the next failure starts afresh

    def delay(self, failures: int, chance: random.Random) -> float:
        """Before the next try, after so many failures in a row."""
        if failures <= 1:
            return 0.0
        wait = min(self.limit, self.first * 2.0 ** min(failures - 2, MOST_DOUBLINGS))
        return wait * chance.uniform(1 - JITTER, 1 + JITTER)
