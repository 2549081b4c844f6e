"""Commands made out of tables: an account, options of their own, those of NATS, --json.

Typer reads a command's options from a signature; where twelve commands share a dozen of them, the signature
is put together instead of written twelve times.
"""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, NamedTuple

import typer

from oms.cli.nats_options import NOTHING, Config, Said, reaching_nats


class Option(NamedTuple):
    """One option: its name, how it is read, what it is where it is not given."""

    name: str
    kind: Any
    default: Any


def text(name: str, metavar: str, told: str, option: str = "") -> Option:
    """One that takes a text, as it is typed; `option` where it is not called as its name."""
    typed = typer.Option(option or _dashed(name), metavar=metavar, help=told)
    return Option(name, Annotated[str | None, typed], None)


def several(name: str, metavar: str, told: str) -> Option:
    """One that may be given more than once."""
    return Option(
        name, Annotated[list[str] | None, typer.Option(_dashed(name), metavar=metavar, help=told)], None
    )


def flag(name: str, told: str) -> Option:
    """One that is there or not."""
    return Option(name, Annotated[bool, typer.Option(_dashed(name), help=told)], False)


def command(
    told: str, account: Option, options: Sequence[Option], run: Callable[[Any, dict[str, Any]], int]
) -> Callable[..., None]:
    """A command for Typer.

    `run` gets the account, and the options by name: beside its own `json`, `config`, and `said` of NATS.
    """

    def made(**given: Any) -> None:
        raise typer.Exit(run(given.pop("account"), given))

    every = [
        *options,
        Option("config", Config, None),
        Option("said", Said, NOTHING),
        JSON,
    ]
    parameters = [
        Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.kind)
        for one in (account, *every)
    ]
    made.__doc__ = told
    made.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return reaching_nats(made)


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


JSON: Final = flag("json", "The reply as it came, on one line.")
