"""`oms log backup | restore | seal | prune`: files of the log copied, put back, closed, deleted."""

from pathlib import Path
from typing import Annotated

import typer

from oms.cli.log.ran import end
from oms.cli.nats_options import NOTHING, Said, reaching_nats_alone
from oms.cli.options import Account, Config, Data

Json = Annotated[bool, typer.Option("--json", help="A JSON line for each file, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the copies go into.")],
    data: Data = None,
    config: Config = None,
    account: Account = None,
    market: Annotated[bool, typer.Option("--market", help="Market data, too.")] = False,
    json: Json = False,
) -> None:
    """Copy the journals as they are at this moment, checked, beside a running daemon."""
    from oms.cli.log.keep import backup as kept

    end(data, config, lambda place: kept(place, target, account, market=market, json=json))


@reaching_nats_alone
def restore(
    source: Annotated[
        Path | None, typer.Argument(metavar="[BACKUP]", help="A backup's folder, or a journal in it.")
    ] = None,
    data: Data = None,
    config: Config = None,
    account: Account = None,
    stream: Annotated[
        bool, typer.Option("--from-stream", help="Out of the account's stream in NATS instead.")
    ] = False,
    said: Said = NOTHING,
    json: Json = False,
) -> None:
    """Put journals back where there are none, checked; the daemon must not run.

    The account then reconciles everything before it trades.  Exit code 1: there is one already, the daemon
    runs, or the copy is damaged; nothing was changed.
    """
    from oms.cli.log.keep import Stream
    from oms.cli.log.keep import restore as kept

    found = Stream(said, config) if stream else None
    end(data, config, lambda place: kept(place, source, account, found, json=json))


def seal(
    data: Data = None,
    config: Config = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Close market files that are over: chain checked, hashed, read-only.  The newest stays as it is."""
    from oms.cli.log.keep import seal as kept

    end(data, config, lambda place: kept(place, dry_run=dry_run, json=json))


def prune(
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Older than 2026-11-21T01:04:05Z, or than 30d.")
    ],
    data: Data = None,
    config: Config = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete market files in which everything is older; never the newest, never a journal."""
    from oms.cli.log.keep import prune as kept
    from oms.cli.log.ran import moments

    _, at = moments(None, before)
    end(data, config, lambda place: kept(place, at or 0, dry_run=dry_run, yes=yes, json=json))
