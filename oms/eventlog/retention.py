"""Which files of the market log there are, which one comes next, and which ones go."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = re.compile(r"([0-9]{8})(?:-([0-9]{1,4}))?\.db")
SEAL: Final = ".sha256"  # beside a segment that is sealed
BESIDE: Final = ("", "-wal", "-shm", SEAL)


class Place(NamedTuple):
    """A segment's place: its day of UTC, and its number within the day from 1 on; they sort by age."""

    day: str  # YYYYMMDD
    number: int

    def path(self, folder: Path) -> Path:
        """20261121.db, then 20261121-2.db and so on."""
        return folder / (f"{self.day}.db" if self.number == 1 else f"{self.day}-{self.number}.db")


def places(folder: Path) -> list[Place]:
    """The segments that are there, oldest first; raises OSError where that cannot be told."""
    try:
        found = [NAME.fullmatch(path.name) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(Place(match[1], int(match[2] or 1)) for match in found if match)


def latest_of(folder: Path, day: str) -> Place:
    """Where to go on writing on a day: never in a segment that is sealed."""
    latest = max((place for place in places(folder) if place.day == day), default=Place(day, 1))
    return latest._replace(number=latest.number + 1) if is_sealed(folder, latest) else latest


def is_sealed(folder: Path, place: Place) -> bool:
    """Whether nothing may be added to a segment any more."""
    path = place.path(folder)
    return path.with_name(path.name + SEAL).exists()


def size(folder: Path, place: Place) -> int:
    """Bytes of a segment, with what belongs to it."""
    return sum(path.stat().st_size for path in _files(folder, place))


def remove_old(folder: Path, today: date, *, days: int, most_bytes: int, keep: Place | None) -> list[Place]:
    """Delete what is over `days` days old, then the oldest as long as all together are over `most_bytes`;
    never `keep`.  What was deleted; raises OSError.
    """
    oldest = f"{today - timedelta(days=days):%Y%m%d}"
    there = [(place, size(folder, place)) for place in places(folder)]
    total = sum(taken for _, taken in there)
    removed = []
    for place, taken in there:
        if place != keep and (place.day < oldest or total > most_bytes):
            remove(folder, place)
            total -= taken
            removed.append(place)
    return removed


def remove(folder: Path, place: Place) -> None:
    """Delete a segment, with what belongs to it; raises OSError."""
    for path in _files(folder, place):
        path.unlink(missing_ok=True)


def _files(folder: Path, place: Place) -> Iterator[Path]:
    path = place.path(folder)
    return (one for end in BESIDE if (one := path.with_name(path.name + end)).exists())
