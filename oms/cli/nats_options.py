"""How to reach NATS, as options of a command; the variables are those of the `nats` command."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The daemon's settings; only NATS of them."),
]
Nats = Annotated[
    str | None,
    typer.Option("--nats", metavar="URL", help="Or NATS_URL; usually nats://127.0.0.1:4222."),
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
