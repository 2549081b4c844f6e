"""Whatever happens to a journal, what it acknowledged is still there, in order; what it refused is not."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from oms.eventlog.chain import checked
from oms.eventlog.errors import JournalBroken, JournalFull, LocalError
from oms.eventlog.reader import Reader

from .scene import Disk, crash_image, draft, drafts, opened

NUMBERS = st.lists(st.integers(1, 10**6), min_size=1, max_size=4)


class LogMachine(RuleBasedStateMachine):
    """A journal on a disk that fails, and a writer that dies."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "0"
        self.lives = 0
        self.disk = Disk()
        self.acknowledged: list[str] = []  # deals in the order of their seqs
        self.open()

    def open(self) -> None:
        self.journal = opened(self.folder)

    @rule(numbers=NUMBERS)
    def append(self, numbers: list[int]) -> None:
        rows = self.journal.write(drafts(*numbers))
        assert rows[0].seq == len(self.acknowledged) + 2
        self.acknowledged += map(str, numbers)

    @rule(numbers=NUMBERS)
    def append_what_cannot_be_stored(self, numbers: list[int]) -> None:
        with pytest.raises(LocalError):
            self.journal.write([*drafts(*numbers), draft(0, price=float("nan"))])

    @rule(numbers=NUMBERS)
    def find_the_disk_full(self, numbers: list[int]) -> None:
        self.disk.arm(0, "full")
        with pytest.raises(JournalFull):
            self.journal.write(drafts(*numbers))
        self.disk.arm(None)

    @rule(numbers=NUMBERS, step=st.integers(0, 3), how=st.sampled_from(["error", "torn"]))
    def fail_and_open_again(self, numbers: list[int], step: int, how: str) -> None:
        """Not known before the next opening: all of it or nothing."""
        self.disk.arm(step, how)
        try:
            self.journal.write(drafts(*numbers))
        except JournalBroken:
            self.disk.arm(None)
            self.crash()
            if self.journal.seq > len(self.acknowledged) + 1:
                self.acknowledged += map(str, numbers)
        else:
            self.disk.arm(None)
            self.acknowledged += map(str, numbers)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.open()
        assert self.journal.opening.clean

    @rule()
    def crash(self) -> None:
        self.lives += 1
        image = crash_image(self.folder, self.root / str(self.lives))
        self.journal.close()
        self.folder = image
        self.open()
        assert not self.journal.opening.clean

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        reader = Reader(self.journal.path)
        rows = list(checked(reader.read()))
        assert [row.envelope().data["deal"] for row in rows[1:]] == self.acknowledged
        assert rows[0].envelope().data["epoch"] == self.journal.epoch
        assert (self.journal.seq, self.journal.head) == (rows[-1].seq, rows[-1].hash)
        reader.close()

    def teardown(self) -> None:
        self.journal.close()
        self.disk.unregister()
        shutil.rmtree(self.root)


TestLog = LogMachine.TestCase
TestLog.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
