"""Signed heads: now and then, and at the end, it is said where each journal stands.

A head that cannot be put somewhere is a warning: the next one says more.  Trading waits for none of it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Never

import trio

from oms.bus.bridge import Bridge
from oms.bus.errors import BusError, NotConnected, text_of
from oms.bus.heads import publish_head
from oms.config import HeadSettings
from oms.eventlog.envelope import rfc3339
from oms.eventlog.errors import FileError
from oms.heads.file import append_head
from oms.heads.head import Head, signed
from oms.heads.keys import SigningKey
from oms.projections.books import STATE_VERSION
from oms.recorder import Recorder
from oms.telemetry.logs import logger

NATS: Final = "nats"

log = logger("oms.daemon")


class Heads:
    """Of all journals of a daemon."""

    def __init__(
        self,
        settings: HeadSettings,
        journals: Mapping[str, Recorder],
        bridge: Bridge,
        prefix: str,
        clock: Callable[[], int],
    ) -> None:
        """Without a key in the settings there are none."""
        self._key = None if settings.key is None else SigningKey.of_text(settings.key.reveal())
        self._every_s, self._file = settings.every, settings.file
        self._journals, self._bridge, self._prefix, self._clock = journals, bridge, prefix, clock
        self._told: dict[tuple[str, str], int] = {}  # up to which seq, by place and account
        self._telling = trio.Lock()

    async def run(self) -> Never:
        """Until cancelled."""
        while self._key is not None:
            await self.tell()
            await trio.sleep(self._every_s)
        await trio.sleep_forever()

    async def tell(self) -> None:
        """Where the journals stand now, to whoever has not heard it yet."""
        if self._key is None:
            return
        async with self._telling:
            for account, recorder in self._journals.items():
                await self._tell(account, recorder, self._key)

    async def _tell(self, account: str, recorder: Recorder, key: SigningKey) -> None:
        places = [place for place in self._places() if self._told.get((place, account), 0) < recorder.seq]
        if not places or not recorder.sound:
            return
        try:
            await recorder.settled()
        except FileError as why:  # its commit failed, and the books cannot be made anew now
            log.warning("head not signed", account=account, detail=str(why))
            return
        head = _head(recorder, rfc3339(self._clock()))
        line = signed(head, key)
        for place in places:
            if await self._put(place, account, line):
                self._told[place, account] = head.seq

    def _places(self) -> list[str]:
        return [NATS] if self._file is None else [NATS, str(self._file)]

    async def _put(self, place: str, account: str, line: bytes) -> bool:
        """Whether it is there."""
        try:
            if place != NATS:
                # A disk that hangs must not hold up the end of the daemon.
                await trio.to_thread.run_sync(partial(append_head, Path(place), line), abandon_on_cancel=True)
                return True
            connection = self._bridge.present
            if connection is None:
                return False  # the next one, when it is there again
            await publish_head(connection, account, line, prefix=self._prefix)
        except NotConnected:
            return False
        except BusError as why:
            log.warning("head not published", account=account, detail=text_of(why))
            return False
        except OSError as why:
            log.warning("head not written", account=account, detail=str(why))
            return False
        return True


def _head(recorder: Recorder, now: str) -> Head:
    """Between two turns, when books and disk agree."""
    books = recorder.books
    return Head(
        account=recorder.account,
        epoch=recorder.epoch,
        seq=recorder.seq,
        hash=recorder.head,
        state_hash=books.state_hash(),
        state_version=STATE_VERSION,
        signed_at=now,
    )
