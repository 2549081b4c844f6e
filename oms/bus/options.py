"""How to reach NATS: where it is, and who we are there.  Checked when made; secrets are in no repr."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from .errors import BadOptions

SCHEMES: Final = ("nats", "tls")
PORT: Final = 4222
SEED: Final = re.compile(r"\bSU[A-Z2-7]{56}\b")  # of a user's nkey
JWT: Final = "-----BEGIN NATS USER JWT-----"


@dataclass(frozen=True, kw_only=True, slots=True)
class NatsOptions:
    """Everything needed to connect.  At most one way to say who we are; raises BadOptions."""

    urls: tuple[str, ...] = ("nats://127.0.0.1:4222",)  # of one cluster, tried one after the other
    name: str = "oms"  # as the server's monitoring shows us
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    nkey_seed: str | None = field(default=None, repr=False)
    creds: Path | None = None  # a credentials file: JWT and seed
    ca: Path | None = None  # whom we trust, instead of the system's authorities
    cert: Path | None = None  # who we are, to a server that asks for it
    key: Path | None = None

    def __post_init__(self) -> None:
        if not self.urls:
            raise BadOptions("url", "is missing")
        for url in self.urls:
            _check_url(url)
        if (self.user is None) != (self.password is None):
            raise BadOptions("password" if self.password is None else "user", "is missing")
        given = [name for name in ("user", "token", "nkey_seed", "creds") if getattr(self, name) is not None]
        if len(given) > 1:
            raise BadOptions(given[1], f"cannot be given beside {given[0]}")
        if self.nkey_seed is not None and not SEED.fullmatch(self.nkey_seed.strip()):
            raise BadOptions("nkey_seed", "is not the seed of a user's nkey")
        if (self.cert is None) != (self.key is None):
            raise BadOptions("key" if self.key is None else "cert", "is missing")

    @property
    def tls(self) -> bool:
        """Whether only an encrypted connection will do."""
        return bool(self.ca or self.cert) or any(url.startswith("tls:") for url in self.urls)

    @property
    def identity(self) -> str:
        """What we show to be let in, in words."""
        if self.user is not None:
            return "user and password"
        if self.token is not None:
            return "token"
        if self.nkey_seed is not None:
            return "nkey"
        return "credentials file" if self.creds is not None else "nothing"

    def credentials(self) -> str:
        """The text of the credentials file; raises BadOptions where it cannot be one."""
        try:
            text = (self.creds or Path()).read_text("ascii")
        except (OSError, UnicodeError) as why:
            told = why.strerror if isinstance(why, OSError) else "is no text"
            raise BadOptions("creds", f"{self.creds}: {told}") from None
        if JWT not in text or not SEED.search(text.partition(JWT)[2]):
            raise BadOptions("creds", f"{self.creds}: is not a file with a user's JWT and nkey seed")
        return text

    def ssl_context(self) -> ssl.SSLContext | None:
        """For TLS where it is asked for; reads the files, and raises BadOptions."""
        if not self.tls:
            return None
        name = "ca"
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                name = "cert"
                context.load_cert_chain(
                    self.cert, self.key, password=lambda: ""
                )  # never asks at the terminal
        except OSError as why:  # ssl's errors are among them
            raise BadOptions(name, f"cannot be read: {why.strerror or why}") from None
        return context


def place(url: str) -> str:
    """Host and port of a checked URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or PORT}"


def _check_url(url: str) -> None:
    """Raises BadOptions.  The text is not shown where it may hold a password."""
    shown = "the address" if "@" in url else repr(url)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadOptions("url", f"{shown} is none, or its port is no port") from None
    if parts.username is not None:
        raise BadOptions("url", "holds a user or token: give user, password or token beside it")
    if parts.scheme not in SCHEMES or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadOptions("url", f"{shown} is not nats://HOST[:PORT] or tls://HOST[:PORT]")
