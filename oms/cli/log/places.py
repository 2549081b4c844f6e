"""Where the log is: the data folder, and the journals in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from oms.cli.ending import FAILED, NO_ACCOUNT, WRONG, Failure
from oms.eventlog.errors import LocalError, LogError
from oms.eventlog.inspection import Holder, holder
from oms.eventlog.journal import ACCOUNT
from oms.eventlog.reader import Reader

DAEMON: Final = "_daemon"


class Place(NamedTuple):
    """A data folder."""

    data: Path

    @property
    def market(self) -> Path:
        """Where the market log is."""
        return self.data / "market"

    @property
    def journals(self) -> Path:
        """Where the journals are."""
        return self.data / "journal"

    def journal(self, account: str) -> Path:
        """The journal of an account."""
        return self.journals / f"{account}.db"

    def accounts(self) -> list[str]:
        """Those that have a journal, the daemon's own last."""
        found = [path.stem for path in self.journals.glob("*.db") if ACCOUNT.fullmatch(path.stem)]
        return sorted(found, key=lambda name: (name == DAEMON, name))

    def writer(self, account: str) -> Holder | None:
        """Who writes its journal now; nobody writes a copy, or a backup.  Raises OSError."""
        try:
            return holder(self.journal(account).with_suffix(".lock"))
        except FileNotFoundError:
            return None

    def chosen(self, account: str | None) -> list[str]:
        """The account that is asked for, or all; Failure where there is none."""
        there = self.accounts()
        if account is None:
            return there
        if account not in there:
            raise Failure(NO_ACCOUNT, f"no account {account!r}; {_told(there)} in {self.journals}")
        return [account]


def _told(accounts: list[str]) -> str:
    return f"there are: {', '.join(accounts)}" if accounts else "there is none"


def place_of(data: Path | None, config: Path | None) -> Place:
    """The folder that is said, or the one that the configuration says; Failure where there is none."""
    if data is None:
        data = _configured(config)
    if not data.is_dir():
        raise Failure(WRONG, f"{data}: no such folder")
    return Place(data)


def _configured(config: Path | None) -> Path:
    if config is None:
        raise Failure(WRONG, "which log? Say --data DIR or -c FILE")
    from oms.cli.settings import data_of

    return data_of(config).dir


@contextmanager
def reading() -> Iterator[None]:
    """What is wrong with a file, or with what is asked of it, as a Failure."""
    try:
        yield
    except LocalError as why:
        raise Failure(WRONG, str(why)) from None
    except LogError as why:
        raise Failure(FAILED, str(why)) from None


def reader(place: Place, account: str) -> Reader:
    """Raises Failure."""
    with reading():
        return Reader(place.journal(account))
