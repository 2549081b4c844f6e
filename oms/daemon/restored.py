"""A journal that was put back: the account may not trade before it has reconciled everything."""

from pathlib import Path

from oms.eventlog.restored import clear_restored, restored_mark
from oms.ingest.account import Account
from oms.ingest.standing import restored_for
from oms.telemetry.logs import logger

log = logger("oms.daemon")


async def note_restored(account: Account, folder: Path) -> None:
    """Turn the mark beside the journal into a restriction, recorded before the mark is gone.

    Before the account's first session.  Raises FileError: an account of which this cannot be recorded may
    not be opened.
    """
    why = restored_mark(folder, account.name)
    if why is None:
        return
    await account.standing.move(change=restored_for(why))
    clear_restored(folder, account.name)
    log.warning("journal restored", account=account.name, reason=why, seq=account.recorder.seq)
