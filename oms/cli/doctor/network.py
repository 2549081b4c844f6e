"""What is reached over the network: venues; and the port that the daemon listens on."""

import errno
import socket
from collections.abc import Sequence
from typing import Final

import trio

from oms.cli.doctor.finding import Finding, ok, problem, warning
from oms.config import AccountSettings, HttpSettings
from oms.sessions.address import Address
from oms.sessions.groups import first_error
from oms.sessions.link import Limits, connected
from oms.sessions.outage import CannotConnect
from protocol.session import Role, Session

REACH_S: Final = 5.0
SLOW_S: Final = 1.0


async def venues(accounts: Sequence[tuple[str, AccountSettings]]) -> list[Finding]:
    """Each address once, all at the same time."""
    by_address: dict[Address, list[str]] = {}
    for label, account in accounts:
        by_address.setdefault(Address.of(account.url, account.origin), []).append(label)
    found: dict[Address, Finding] = {}

    async def look(address: Address, labels: list[str]) -> None:
        found[address] = await venue(address, labels)

    async with trio.open_nursery() as nursery:
        for address, labels in by_address.items():
            nursery.start_soon(look, address, labels)
    return [found[address] for address in by_address]


async def venue(address: Address, labels: list[str]) -> Finding:
    """TCP, TLS and WebSocket to it; nothing is asked and nobody logs in."""
    what = f"venue of {', '.join(labels)}"
    before = trio.current_time()
    told = ""
    try:
        async with connected(
            address, Session(Role.TERMINAL), lambda heard: None, limits=Limits(connect_s=REACH_S)
        ):
            took_s = trio.current_time() - before
    except* CannotConnect as group:
        told = str(first_error(group))
    if told:
        hint = (
            "the path is wrong, or no web terminal is there"
            if "HTTP" in told
            else "url, name server, firewall"
        )
        if "TLS" in told or "certificate" in told:
            hint = "its certificate is not to be trusted, or the clock is wrong"
        return problem(what, told, hint)
    found = f"{address} answers in {took_s * 1000:.0f} ms"
    if took_s > SLOW_S:
        return warning(what, found, "every order takes that way: a machine nearer to the venue")
    return ok(what, found)


def port(http: HttpSettings, *, daemon_runs: bool) -> Finding:
    """Whether health and metrics can be served."""
    what = "http port"
    if not http.enabled:
        return ok(what, "not wanted")
    where = f"{http.host}:{http.port}"
    if not http.port:
        return ok(what, f"{http.host}, any free one")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            http.host, http.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
    except OSError as why:
        if why.errno == errno.EADDRINUSE and daemon_runs:
            return ok(what, f"{where} is taken; the daemon runs")
        return problem(what, f"{where}: {why.strerror}", "another [http] host or port, or enabled = false")
    return ok(what, f"{where} is free")
