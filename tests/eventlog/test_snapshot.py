"""A snapshot file: believed where it is whole and stands on this journal, ignored everywhere else."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms.eventlog.reader import Reader
from oms.eventlog.snapshot import NotSaved, Snapshot, Unfit, epoch_of, load, save

from .scene import crash_image, drafts, opened

PAYLOAD = bytes(range(256))


class Scene:
    """A journal of five events, and a snapshot of the fourth."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "main.snapshot"
        journal = opened(folder, random=lambda count: b"\x5a" * count)
        recorded = journal.write(drafts(1, 2, 3, 4))
        journal.close()
        self.reader = Reader(journal.path)
        self.snapshot = Snapshot(7, "main", "5a" * 16, 4, recorded[2].hash, "ab" * 32, PAYLOAD)

    def save(self, **other: Any) -> None:
        save(self.path, self.snapshot._replace(**other))

    def load(self) -> Snapshot | Unfit | None:
        return load(self.path, self.reader, 7)

    def reason(self) -> str:
        found = self.load()
        assert isinstance(found, Unfit)
        return found.reason


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.reader.close()


def test_what_was_saved_is_loaded(scene: Scene) -> None:
    scene.save()
    found = scene.load()
    assert isinstance(found, Snapshot)
    assert found._replace(payload=bytes(found.payload)) == scene.snapshot
    assert epoch_of(scene.reader) == "5a" * 16


def test_anybody_can_read_it(scene: Scene) -> None:
    scene.save()
    digest, rest = scene.path.read_bytes().split(b"\n", 1)
    header, payload = rest.split(b"\n", 1)
    assert digest.decode() == hashlib.sha256(rest).hexdigest()
    assert payload == PAYLOAD
    assert json.loads(header) == {
        "format": "snapshot-1",
        "version": 7,
        "account": "main",
        "epoch": "5a" * 16,
        "seq": 4,
        "head": scene.snapshot.head.hex(),
        "state_hash": "ab" * 32,
    }


def test_none_is_no_trouble(scene: Scene) -> None:
    assert scene.load() is None


def test_the_later_one_takes_the_place_and_nothing_else_is_left(scene: Scene) -> None:
    scene.save(payload=b"old" * 1000)
    before = set(scene.folder.iterdir())
    scene.save()
    found = scene.load()
    assert isinstance(found, Snapshot)
    assert bytes(found.payload) == PAYLOAD
    assert set(scene.folder.iterdir()) == before


def test_cut_anywhere_it_is_ignored(scene: Scene) -> None:
    scene.save()
    whole = scene.path.read_bytes()
    for end in range(len(whole)):
        scene.path.write_bytes(whole[:end])
        assert scene.reason() == "is damaged or cut short: its content has not the digest that it begins with"


def test_with_any_byte_changed_it_is_ignored(scene: Scene) -> None:
    scene.save()
    whole = scene.path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        scene.path.write_bytes(changed)
        assert scene.reason().startswith("is damaged")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"version": 6}, "was made by another build: version 6, not 7"),
        ({"epoch": "a5" * 16, "account": "old"}, f"is of another journal, of epoch {'a5' * 16}, account old"),
        ({"seq": 6}, "is of seq 6, and the journal ends at 5"),
        ({"seq": 0}, "is of seq 0, and the journal ends at 5"),
        ({"seq": 5}, "has another chain hash at seq 5 than the journal"),
        ({"head": bytes(32)}, "has another chain hash at seq 4 than the journal"),
    ],
)
def test_one_that_stands_on_something_else_is_ignored(
    scene: Scene, other: dict[str, Any], reason: str
) -> None:
    scene.save(**other)
    assert scene.reason() == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "has a header that cannot be read"),
        (b"{}\n", "has a header that cannot be read"),
        (b"\xff\n", "has a header that cannot be read"),
        (
            b'{"format":"snapshot-9","version":7,"account":"main","epoch":"","seq":4,"head":"","state_hash":""}\n',
            "has the format 'snapshot-9', not 'snapshot-1'",
        ),
        (
            b'{"format":"snapshot-1","version":7,"account":"main","epoch":"","seq":4,"head":"zz","state_hash":""}\n',
            "has a header that cannot be read",
        ),
    ],
)
def test_a_whole_file_of_something_else_is_ignored(scene: Scene, text: bytes, reason: str) -> None:
    scene.path.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    assert scene.reason().startswith(reason)


def test_one_that_cannot_be_read_is_ignored(scene: Scene) -> None:
    scene.path.mkdir()
    assert scene.reason().startswith("cannot be read: ")


def test_it_cannot_be_of_a_journal_that_was_begun_anew(scene: Scene, tmp_path: Path) -> None:
    scene.save()
    other = opened(tmp_path / "other")
    other.write(drafts(1, 2, 3, 4))
    other.close()
    reader = Reader(other.path)
    found = load(scene.path, reader, 7)
    reader.close()
    assert isinstance(found, Unfit)
    assert found.reason.startswith("is of another journal")


def test_a_full_disk_leaves_the_one_before_and_no_remains(scene: Scene) -> None:
    scene.save()
    unfinished = scene.folder / "main.snapshot.new"
    unfinished.symlink_to("/dev/full")
    with pytest.raises(NotSaved, match=r"main\.snapshot: cannot be written: .*No space left"):
        scene.save(payload=b"new")
    assert not unfinished.is_symlink()
    found = scene.load()
    assert isinstance(found, Snapshot)
    assert bytes(found.payload) == PAYLOAD


def test_a_folder_that_takes_no_file_is_told(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="nowhere"):
        save(tmp_path / "nowhere" / "main.snapshot", scene.snapshot)


def test_remains_of_a_crash_are_written_over(scene: Scene) -> None:
    (scene.folder / "main.snapshot.new").write_bytes(b"half of")
    assert scene.load() is None
    scene.save()
    assert isinstance(scene.load(), Snapshot)
    assert not (scene.folder / "main.snapshot.new").exists()


def test_the_journal_is_left_as_it_is(scene: Scene, tmp_path: Path) -> None:
    before = crash_image(scene.folder, tmp_path / "before")
    scene.save(seq=6)
    assert scene.reason()
    after = crash_image(scene.folder, tmp_path / "after")
    assert (before / "main.db").read_bytes() == (after / "main.db").read_bytes()
