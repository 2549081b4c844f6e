"""How commands on the log begin, and how they end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from oms.cli.ending import INTERRUPTED, ended

if TYPE_CHECKING:
    from oms.cli.log.places import Place


def end(
    data: Path | None,
    config: Path | None,
    run: "Callable[[Place], int | None]",
    *,
    interrupted: int = INTERRUPTED,
) -> None:
    """Run it on a data folder, and exit."""
    from oms.cli.log.places import place_of

    raise typer.Exit(ended("log", lambda: run(place_of(data, config)), interrupted=interrupted))


def moments(since: str | None, before: str | None) -> tuple[int | None, int | None]:
    """Nanoseconds of UTC of two options; raises BadParameter."""
    import time

    from oms.cli.log.moments import moment

    now, found = time.time_ns(), []
    for name, text in (("--since", since), ("--before", before)):
        try:
            found.append(None if text is None else moment(text, now))
        except ValueError as why:
            raise typer.BadParameter(f"{name}: {why}") from None
    return found[0], found[1]
