"""The mark beside a journal that was put back."""

from pathlib import Path

import pytest

from oms.eventlog.errors import Unreadable
from oms.eventlog.restored import clear_restored, mark_path, mark_restored, restored_mark


def test_no_mark_says_nothing(tmp_path: Path) -> None:
    assert restored_mark(tmp_path, "main") is None
    clear_restored(tmp_path, "main")


def test_a_mark_says_why_until_it_is_cleared(tmp_path: Path) -> None:
    mark_restored(tmp_path, "main", "backup of Monday")
    assert restored_mark(tmp_path, "main") == "backup of Monday"
    assert restored_mark(tmp_path, "net") is None
    clear_restored(tmp_path, "main")
    assert restored_mark(tmp_path, "main") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "restored"),
        (b"\n\n", "restored"),
        (b"one\ntwo", "one"),
        (b"a\x1b[2Jb\n", "a[2Jb"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 5000, "x" * 200),
    ],
)
def test_whatever_a_hand_wrote_there_is_a_mark(tmp_path: Path, content: bytes, why: str) -> None:
    mark_path(tmp_path, "main").write_bytes(content)
    assert restored_mark(tmp_path, "main") == why


def test_what_cannot_be_read_or_written_is_told_by_its_name(tmp_path: Path) -> None:
    mark_path(tmp_path, "main").mkdir()
    with pytest.raises(Unreadable, match=r"main\.restored: cannot be read"):
        restored_mark(tmp_path, "main")
    with pytest.raises(Unreadable, match=r"main\.restored: cannot be written"):
        mark_restored(tmp_path, "main", "x")
    with pytest.raises(Unreadable, match=r"main\.restored: cannot be removed"):
        clear_restored(tmp_path, "main")
