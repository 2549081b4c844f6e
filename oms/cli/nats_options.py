"""How to reach NATS, as options of a command; the variables are those of the `nats` command."""

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The daemon's settings; only NATS of them."),
]


Nats = Annotated[
    str | None, typer.Option("--nats", metavar="URL", help="Or NATS_URL; usually nats://127.0.0.1:4222.")
]
User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Or NATS_USER; its password is NATS_PASSWORD.")
]
Creds = Annotated[Path | None, typer.Option("--creds", metavar="FILE", help="Credentials; or NATS_CREDS.")]
Nkey = Annotated[Path | None, typer.Option("--nkey", metavar="FILE", help="An nkey's seed; or NATS_NKEY.")]
Ca = Annotated[Path | None, typer.Option("--tls-ca", metavar="FILE", help="Whom to trust; or NATS_CA.")]
Cert = Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE", help="Who we are; or NATS_CERT.")]
Key = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key; or NATS_KEY.")]
Prefix = Annotated[
    str | None, typer.Option("--prefix", metavar="WORDS", help="Of all subjects; usually oms.v1.")
]


class Said(NamedTuple):
    """What the command line says of NATS; None = the variable of the `nats` command, else the usual."""

    nats: Nats = None
    user: User = None
    creds: Creds = None
    nkey: Nkey = None
    ca: Ca = None
    cert: Cert = None
    key: Key = None
    prefix: Prefix = None


NOTHING = Said()


def reaching_nats(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `said` is given as the options of NATS, in its place among the others.

    Typer reads a command's options from its signature, and knows no options that belong together.
    """
    return _spread(command, Said._fields)


def reaching_nats_alone(command: Callable[..., None]) -> Callable[..., None]:
    """Likewise, without --prefix: for commands that ask no daemon."""
    return _spread(command, Said._fields[:-1])


def _spread(command: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
    kinds = get_type_hints(Said, include_extras=True)
    own = signature(command)
    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kinds[name]) for name in names
    ]
    parameters: list[Parameter] = []
    for one in own.parameters.values():
        parameters += options if one.name == "said" else [one.replace(kind=Parameter.KEYWORD_ONLY)]

    def spread(**given: Any) -> None:
        said = Said(**{name: given.pop(name) for name in names})
        command(said=said, **given)

    spread.__name__, spread.__doc__ = command.__name__, command.__doc__
    spread.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return spread
