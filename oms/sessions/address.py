"""Where a venue is: its WebSocket URL taken apart."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

PORTS: Final = {"ws": 80, "wss": 443}


class Address(NamedTuple):
    """A venue's WebSocket; `origin` is the header a browser would send, none if empty."""

    host: str
    port: int
    resource: str
    tls: bool
    origin: str = ""

    @classmethod
    def of(cls, url: str, origin: str = "") -> "Address":
        """The address in a ws: or wss: URL; ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS:
            raise ValueError(f"url: {parts.scheme or 'no'} scheme, and only ws and wss are WebSockets")
        if not parts.hostname:
            raise ValueError("url: names no host")
        if parts.username is not None or parts.fragment:
            raise ValueError("url: must hold no user, password or fragment")
        try:
            port = PORTS[parts.scheme] if parts.port is None else parts.port
        except ValueError:
            port = 0
        if not port:
            raise ValueError("url: the port is no port")
        resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (resource + origin).isascii() or not (resource + origin).isprintable():
            raise ValueError("url, origin: only printable ASCII can be sent")
        return cls(parts.hostname, port, resource, parts.scheme == "wss", origin)

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = PORTS["wss" if self.tls else "ws"]
        return host if self.port == usual else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://{self.authority}{self.resource.partition('?')[0]}"
