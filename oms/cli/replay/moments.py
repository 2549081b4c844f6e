"""Up to when: as it was typed, for one account or for each."""

import time
from typing import NamedTuple

from oms.cli.ending import WRONG, Failure
from oms.cli.log.moments import moment
from oms.cli.log.places import DAEMON, Place


class Until(NamedTuple):
    """What --account, --until and --as-of say."""

    account: str | None
    seq: int | None
    as_of: str | None

    @property
    def time_ns(self) -> int | None:
        """--as-of as nanoseconds of UTC; Failure where it is no moment."""
        return moment_of("--as-of", self.as_of)

    def accounts(self, place: Place) -> list[str]:
        """Those that are meant; Failure where that makes no sense."""
        if self.seq is not None and self.as_of is not None:
            raise Failure(WRONG, "--until and --as-of are two ways to say it: give one")
        found = [one for one in place.chosen(self.account) if one != DAEMON or self.account == DAEMON]
        if self.seq is not None and len(found) > 1:
            raise Failure(
                WRONG, f"--until counts the events of one account: say --account {' or '.join(found)}"
            )
        if not found:
            raise Failure(WRONG, f"{place.journals}: there are no journals")
        return found


def moment_of(option: str, text: str | None) -> int | None:
    """Nanoseconds of UTC; Failure."""
    try:
        return None if text is None else moment(text, time.time_ns())
    except ValueError as why:
        raise Failure(WRONG, f"{option}: {why}") from None
