"""A file of the market log: its chain of commits, and its seal where it has one.

No trade fact is in it, and no head speaks for it: a file, or its end, may be missing without a trace.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from oms.eventlog.chain import BrokenChain
from oms.eventlog.errors import Damaged, FileError
from oms.eventlog.inspection import look_at_segment
from oms.eventlog.market_reader import check_segment
from oms.eventlog.sealing import seal_fault
from oms.eventlog.structure import segment_faults

from .finding import Finding, Weight


class SegmentCheck:
    """Of one."""

    def __init__(self, path: Path, paged: Callable[[int, int], object] = lambda done, of: None) -> None:
        """`paged` hears now and then how many pushes are done, of how many."""
        self.path, self._paged = path, paged
        self.pushes = 0

    def findings(self) -> Iterator[Finding]:
        """All that is wrong; nothing where the file is deleted meanwhile, for then it was the oldest."""
        try:
            for text in segment_faults(self.path):
                yield Finding(Weight.FAULT, self.path, "file", text)
            if (broken := seal_fault(self.path)) is not None:
                yield Finding(Weight.FAULT, self.path, "seal", broken)
            end = look_at_segment(self.path).rows
            self.pushes = check_segment(self.path, end, lambda seq: self._paged(seq, end))
        except BrokenChain as why:
            yield Finding(Weight.FAULT, self.path, "chain", why.message, why.seq)
        except Damaged as why:
            yield Finding(Weight.FAULT, self.path, "file", why.message)
        except FileError as why:
            if self.path.exists():
                yield Finding(Weight.DOUBT, self.path, "unreadable", why.message)
        except OSError as why:
            if self.path.exists():
                yield Finding(Weight.DOUBT, self.path, "unreadable", f"cannot be read: {why.strerror}")
