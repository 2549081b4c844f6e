"""`oms log backup | restore | seal | prune`: done, and told file by file."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import trio

from oms.bus.errors import BusError
from oms.bus.stored import last_stored, stored
from oms.cli.asking import asking, where
from oms.cli.confirming import confirm
from oms.cli.ending import FAILED, NO_ACCOUNT, NOBODY, WRONG, Failure
from oms.cli.log.places import Place, reading
from oms.cli.nats_options import Said
from oms.cli.printing import print_json, put_line
from oms.eventlog import sealing
from oms.eventlog.backup import Copied, back_up_journal, back_up_segment, restore_journal, restoring
from oms.eventlog.envelope import rfc3339
from oms.eventlog.errors import LogError
from oms.eventlog.journal import ACCOUNT
from oms.eventlog.retention import places

PAGE: Final = 200  # messages of a stream asked for at once


class Stream(NamedTuple):
    """How to reach the stream that a journal is taken from."""

    said: Said
    config: Path | None


def backup(place: Place, target: Path, account: str | None, *, market: bool, json: bool) -> None:
    """Copies in the folders `journal` and `market` of `target`; Failure."""
    copies = Place(target)
    accounts = _some(place, account)
    with reading():
        for name in accounts:
            _tell(back_up_journal(place.journal(name), copies.journal(name)), json=json)
        for one in places(place.market) if market else ():
            _tell(back_up_segment(one.path(place.market), one.path(copies.market)), json=json)


def restore(
    place: Place, source: Path | None, account: str | None, stream: Stream | None, *, json: bool
) -> None:
    """From a backup, or from the stream; Failure, in groups."""
    if (source is None) == (stream is None):
        raise Failure(WRONG, "from where? Say the folder of a backup, or --from-stream")
    if stream is not None:
        if account is None or not ACCOUNT.fullmatch(account):
            raise Failure(WRONG, "--from-stream puts one journal back: say --account NAME")
        trio.run(_from_stream, place, account, stream, json)
        return
    for path in _backups(source, account):  # type: ignore[arg-type]
        with reading():
            why = f"backup {path}"
            _tell(restore_journal(path, place.journals, path.stem, why), json=json)


def seal(place: Place, *, dry_run: bool, json: bool) -> None:
    """All that can be; Failure, behind the others, where one cannot."""
    failed: list[LogError] = []
    for path in sealing.unsealed(place.market):
        if dry_run:
            _say({"file": str(path), "sealed": False}, f"{path}: would be sealed", json=json)
            continue
        try:
            done = sealing.seal(path)
        except LogError as why:
            failed.append(why)
            continue
        told = {
            "file": str(path),
            "sealed": True,
            "pushes": done.pushes,
            "sha256": done.sum,
            "bytes": done.bytes,
        }
        _say(told, f"{path}: {done.pushes} pushes, sealed: SHA-256 {done.sum}", json=json)
    _tell_failed(failed)


def prune(place: Place, before_ns: int, *, dry_run: bool, yes: bool, json: bool) -> None:
    """Those that are old, once a person or --yes says so; Failure, behind them, for what cannot be read."""
    failed: list[LogError] = []
    old = list(sealing.before(place.market, before_ns, failed.append))
    total = sum(one.bytes for one in old)
    if old and not dry_run:
        confirm(f"Delete {len(old)} market files, {total} bytes?", yes=yes)
    for one in old:
        if not dry_run:
            sealing.prune(place.market, one)
        last = None if one.last_at is None else rfc3339(one.last_at)
        told = {"file": str(one.path), "bytes": one.bytes, "last": last, "deleted": not dry_run}
        what = "would be deleted" if dry_run else "deleted"
        _say(told, f"{one.path}: {one.bytes} bytes, up to {last or 'nothing'}: {what}", json=json)
    _tell_failed(failed)
    if not old and not json:
        put_line(f"{place.market}: nothing in it is older than {rfc3339(before_ns)}, but for the newest file")


def _tell_failed(failed: list[LogError]) -> None:
    if failed:
        raise Failure(FAILED, "; ".join(map(str, failed)))


def _some(place: Place, account: str | None) -> list[str]:
    """The account, or all of a folder that has some."""
    if not (found := place.chosen(account)):
        raise Failure(WRONG, f"{place.journals}: there are no journals")
    return found


def _backups(source: Path, account: str | None) -> list[Path]:
    """The journals to be put back."""
    if source.is_file():
        if account not in (None, source.stem):
            raise Failure(NO_ACCOUNT, f"{source} is not the journal of {account}")
        return [source]
    there = Place(source)
    return [there.journal(name) for name in _some(there, account)]


async def _from_stream(place: Place, account: str, stream: Stream, json: bool) -> None:
    reach = where(stream.config, stream.said)
    async with asking(reach.options) as bridge:
        connection = await bridge.connection()
        try:
            last = await last_stored(connection, account)
            if not last:
                raise Failure(WRONG, f"the stream of {account} is empty")
            why = f"stream, up to {last}"
            with reading(), restoring(place.journals, account, why) as (journal, done):
                while journal.seq < last:
                    journal.add(
                        await stored(connection, account, journal.seq + 1, min(last, journal.seq + PAGE))
                    )
        except BusError as failed:
            raise Failure(NOBODY, f"it cannot be had from NATS: {failed}") from None
    _tell(done[0], json=json)


def _tell(copied: Copied, *, json: bool) -> None:
    told: dict[str, Any] = {
        "file": str(copied.path),
        "account": copied.account or None,
        "bytes": copied.bytes,
    }
    what = "events" if copied.account else "pushes"
    told |= {what: copied.seq} | ({"head": copied.head.hex()} if copied.account else {})
    head = f", head {copied.head.hex()}" if copied.account else ""
    _say(told, f"{copied.path}: {copied.seq} {what}{head}", json=json)


def _say(told: dict[str, Any], line: str, *, json: bool) -> None:
    print_json(told) if json else put_line(line)
