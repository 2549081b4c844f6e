"""The venue as a process: set up, said where it is, ended by a signal."""

import gc
import json as json_text
import signal
import ssl
import time
from functools import partial
from typing import Any, Final

import trio
import typer

from oms.cli.paper.options import Options
from oms.paper.assembly import Paper, assemble
from oms.paper.clock import TrioClock
from oms.paper.recording import RecordError
from oms.paper.replay import CsvError
from oms.paper.settings import (
    DEFAULT_ACCOUNTS,
    AccountSettings,
    ServerSettings,
    Settings,
    SettingsError,
)
from oms.paper.state import StateError
from oms.sessions.groups import first_error

GC_THRESHOLD: Final = 50_000  # objects between two collections, instead of 700


class Unusable(Exception):
    """The venue cannot run as it is told to."""


def start(options: Options, *, json: bool) -> int:
    """Run until SIGINT or SIGTERM; the exit code: 1 where it cannot, with the reason on stderr."""
    code = 0
    try:
        trio.run(partial(_run, options.settings(), json=json))
    except* (SettingsError, StateError, RecordError, Unusable) as group:
        code = _failed(first_error(group))
    except* KeyboardInterrupt:
        pass  # a signal before the venue listens for it
    return code


def _failed(why: BaseException) -> int:
    typer.echo(f"oms paper: {why}", err=True)
    return 1


async def _run(settings: Settings, *, json: bool) -> None:
    tls = _tls(settings.server)
    try:
        paper = assemble(settings, TrioClock(time.time_ns() // 1_000_000))
    except CsvError as why:
        raise Unusable(str(why)) from None
    # What stands now stays for good; ticks come and go by the thousand, and none of them is part of a cycle.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    try:
        await _serve(paper, settings, tls, json=json)
    finally:
        paper.close()


async def _serve(paper: Paper, settings: Settings, tls: ssl.SSLContext | None, *, json: bool) -> None:
    server, control = settings.server, settings.control
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            serve = partial(paper.server.serve, server.host, server.port, tls=tls)
            port = await _listening(nursery, serve, server.host, server.port)
            control_port = None
            if control.enabled:
                serve_control = partial(paper.control.serve, control.host, control.port)
                control_port = await _listening(nursery, serve_control, control.host, control.port)
            where = _where(settings, port, control_port)
            typer.echo(json_text.dumps(where) if json else _told(where, settings))
            await anext(signals)
            await paper.server.say_goodbye()
            nursery.cancel_scope.cancel()


async def _listening(nursery: trio.Nursery, serve: Any, host: str, port: int) -> int:
    try:
        found: int = await nursery.start(serve)
    except OSError as why:
        raise Unusable(f"{host}:{port}: cannot listen: {why.strerror or why}") from None
    return found


def _tls(server: ServerSettings) -> ssl.SSLContext | None:
    if server.certificate is None or server.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(server.certificate, server.key)
    except (OSError, ssl.SSLError) as why:
        raise Unusable(f"{server.certificate}, {server.key}: no certificate with its key: {why}") from None
    return context


def _where(settings: Settings, port: int, control_port: int | None) -> dict[str, Any]:
    server, control = settings.server, settings.control
    scheme = "ws" if server.certificate is None else "wss"
    return {
        "url": f"{scheme}://{_host(server.host)}:{port}{server.path}",
        "control": None if control_port is None else f"{_host(control.host)}:{control_port}",
        "logins": [
            {"login": one.login, "margin_mode": one.margin_mode, "currency": one.currency}
            for one in settings.accounts
        ],
    }


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _told(where: dict[str, Any], settings: Settings) -> str:
    lines = [f"venue    {where['url']}"]
    if where["control"] is not None:
        lines.append(f"control  {where['control']}   (oms paper ctl --control {where['control']} truth)")
    lines += [f"login    {_login(one)}" for one in settings.accounts]
    return "\n".join([*lines, "Ctrl-C ends it."])


def _login(account: AccountSettings) -> str:
    """Passwords are told where they are known to everybody."""
    usual = DEFAULT_ACCOUNTS[0]
    told = f"{account.login}  {account.margin_mode}, {account.currency}"
    if (account.password, account.investor_password) == (usual.password, usual.investor_password):
        told += f", password {account.password}, investor password {account.investor_password}"
    return told
