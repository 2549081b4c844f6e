"""A command's outcome as tables."""

from collections.abc import Mapping
from typing import Any, Final

from oms.cli.printing import console, plain, put_table
from oms.cli.state.fields import Field, codes, status
from oms.cli.state.tables import filled, records

Row = Mapping[str, Any]

OUTCOME: Final = (
    Field("command"),
    Field("status", look=status),
    Field("symbol"),
    Field("order"),
    Field("position"),
    Field("volume", number=True),
    Field("filled", number=True),
    Field("price", number=True),
    Field("retcode"),
)
COMMAND: Final = (*OUTCOME[:2], Field("verb"), *OUTCOME[2:], Field("reasons", look=codes, cut=True))
REASON: Final = (
    Field("code", "reason"),
    Field("field"),
    Field("given"),
    Field("limit"),
    Field("retcode"),
    Field("message", cut=True),
)
DEAL: Final = (Field("deal"), Field("volume", number=True), Field("price", number=True))
STAGE: Final = (Field("stage"), Field("at"))


def show(reply: Row, *, verbose: bool) -> None:
    """One outcome, why it is so, what its children came to; with `verbose` its deals and when it was what."""
    out = console()
    put_table(out, filled(OUTCOME, [named(reply)]))
    if reply.get("message"):
        out.print(plain(reply["message"]), soft_wrap=True)
    for name in ("quote", "margin"):  # that a check judged by
        if isinstance(reply.get(name), Mapping):
            out.print(f"{name}: {_figures(reply[name])}", soft_wrap=True)
    parts = [
        (COMMAND, [named(one) for one in records(reply.get("children"))]),
        (REASON, records(reply.get("reasons"))),
    ]
    if verbose:
        times = reply.get("times")
        stages = times.items() if isinstance(times, Mapping) else ()
        parts += [
            (DEAL, records(reply.get("deals"))),
            (STAGE, [{"stage": stage, "at": at} for stage, at in stages]),
        ]
    for fields, rows in parts:
        if rows:
            out.print()
            put_table(out, filled(fields, rows))


def named(row: Row) -> Row:
    """With the name of its code beside it."""
    told = [plain(row[name]) for name in ("retcode", "retcode_name") if row.get(name) is not None]
    return {**row, "retcode": " ".join(told)}


def _figures(record: Row) -> str:
    """Its figures on one line, without what is not known."""
    return " ".join(
        f"{plain(name)}={plain(one)}" for name, one in record.items() if one not in (None, [], "")
    )
