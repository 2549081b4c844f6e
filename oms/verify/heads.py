"""Signed heads against journals: whether what was signed is still there.

A head that no believed key signed says nothing, and that it is there is a fault: somebody put it among the
others.  All others are compared, for of two that contradict each other a journal can fit one only.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from oms.eventlog.envelope import Recorded
from oms.heads.head import SignedHead

from .finding import Finding, Place, Weight, told

MOST: Final = 10_000  # of an account; older ones are not needed, they say less


class Heads(NamedTuple):
    """What was asked for: heads by account, as they were signed, and those that were not."""

    place: Path  # where they are from, for people
    by_account: Mapping[str, list[SignedHead]]
    forged: list[Finding]

    def of(self, account: str) -> list[SignedHead]:
        """Those of a journal."""
        return self.by_account.get(account, [])


def gathered(place: Path, heads: Iterable[SignedHead], keys: Collection[str]) -> Heads:
    """The heads that one of these keys signed; the latest of each account.  Raises what `heads` raises."""
    latest: dict[str, deque[SignedHead]] = {}
    for head in heads:
        latest.setdefault(head.account, deque(maxlen=MOST)).append(head)
    believed: dict[str, list[SignedHead]] = {}
    forged: list[Finding] = []
    for account, found in latest.items():
        for head in found:
            if head.is_signed_by(keys):
                believed.setdefault(account, []).append(head)
                continue
            why = (
                "its signature is not right" if head.key in keys else f"{head.key} is no key that is believed"
            )
            text = f"a head of {account}, seq {head.seq}, of {head.signed_at}: {why}"
            forged.append(Finding(Weight.FAULT, place, "head_forged", text))
    return Heads(place, believed, list(told(place, forged)))


class HeadCheck:
    """The heads of one journal, met while it is read."""

    def __init__(self, path: Path, heads: Sequence[SignedHead]) -> None:
        self.proven: Place | None = None  # the last event that a head vouches for, and when it did
        self.seqs = frozenset(head.seq for head in heads)
        self._path = path
        self._at: dict[int, list[SignedHead]] = {}
        for head in heads:
            self._at.setdefault(head.seq, []).append(head)
        self.wrong: list[SignedHead] = []  # that say something else than the journal

    def at(self, seq: int) -> list[SignedHead]:
        """What was signed of it."""
        return self._at.get(seq, [])

    def meet(self, row: Recorded, epoch: str) -> None:
        """A row of `seqs`."""
        for head in self.at(row.seq):
            if (head.hash, head.epoch) == (row.hash.hex(), epoch):
                self.proven = Place(row.seq, head.signed_at)
            else:
                self.wrong.append(head)

    def findings(self, last: int) -> Iterator[Finding]:
        """What the heads say against the journal, which ends at `last`."""
        if self.wrong:
            first = min(self.wrong, key=lambda head: head.seq)
            latest = max(head.signed_at for head in self.wrong)
            text = f"is not what was signed at {first.signed_at}: it was written anew after {latest}"
            yield self._fault("head_differs", text, first.seq)
        beyond = [head for seq in self.seqs if seq > last for head in self.at(seq)]
        if beyond:
            end = max(beyond, key=lambda head: head.seq)
            text = (
                f"ends at seq {last}, and at {end.signed_at} seq {end.seq} was signed: its tail was cut off"
            )
            yield self._fault("tail_cut", text, last + 1)

    def _fault(self, code: str, text: str, seq: int) -> Finding:
        since = self.proven if self.proven is not None and self.proven.seq < seq else None
        return Finding(Weight.FAULT, self._path, code, text, seq, since)
