"""URLs of venues and of NATS servers, as settings hold them."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from .kinds import Kind, Unfit

MOST_URLS: Final = 32  # of one NATS cluster
MOST_LENGTH: Final = 2048
PORTS: Final = {"ws": 80, "wss": 443}
NATS_SCHEMES: Final = ("nats", "tls")  # the client speaks no WebSockets without another package


def _split(value: Any, schemes: Sequence[str]) -> SplitResult:
    """The parts of a URL; raises Unfit.  It may not hold a password: a URL is shown everywhere."""
    if not isinstance(value, str) or len(value) > MOST_LENGTH:
        raise Unfit
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise Unfit("must be a URL of printable ASCII, without blanks")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise Unfit("is no URL: its host or port cannot be") from None
    if parts.scheme not in schemes:
        raise Unfit(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or port == 0:
        raise Unfit("names no host" if port != 0 else "has port 0, where nobody can be")
    if "@" in parts.netloc:
        raise Unfit("must not hold a user or a password")
    if "#" in value:
        raise Unfit("must not hold a fragment (#)")
    return parts


def _venue(value: Any, _: Path) -> str:
    _split(value, tuple(PORTS))
    return str(value)


def _origin(value: Any, _: Path) -> str:
    parts = _split(value, ("https", "http"))
    if parts.path or parts.query:
        raise Unfit("must end behind the host or port")
    return str(value)


def _servers(value: Any, _: Path) -> tuple[str, ...]:
    urls = value.split(",") if isinstance(value, str) else value
    if not isinstance(urls, list) or not 1 <= len(urls) <= MOST_URLS:
        raise Unfit
    parts = [_split(url, NATS_SCHEMES) for url in urls]
    if any(one.path not in ("", "/") or one.query for one in parts):
        raise Unfit("must end behind the host or port")
    return tuple(urls)


VENUE: Final = Kind("a ws:// or wss:// URL", _venue, str)
ORIGIN: Final = Kind("an http:// or https:// URL without a path", _origin, str)
SERVERS: Final = Kind("one URL, several with commas between, or a list", _servers, str)


def same_place(url: str) -> tuple[str, str, int, str, str]:
    """What is equal for two URLs of one venue."""
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return parts.scheme, parts.hostname or "", port, parts.path or "/", parts.query


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine for certain."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name; only this one is known without asking anybody
        return host == "localhost"
