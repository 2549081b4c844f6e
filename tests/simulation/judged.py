"""What must be so after every run, whatever happened in it."""
from pathlib import Path
from typing import NamedTuple

from .scheduling import run
from .world import World


class Judged(NamedTuple):
    events: int
    commands: int
    orders: int
    deaths: int


def simulated(seed: int, folder: Path, *, record: bool = False) -> Judged:
    world = World(seed, folder, record=record)
    run(seed, world.run)
    return Judged(world.process.recorder.seq, len(world.clients.sent), 0, world.deaths)
