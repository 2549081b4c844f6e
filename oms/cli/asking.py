"""Asking a daemon over NATS: where that is, who we are there, which accounts answer."""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import trio

from oms.bus.bridge import Bridge, bridged
from oms.bus.discovery import accounts_of, daemons
from oms.bus.errors import BadOptions, NotConnected
from oms.bus.options import NatsOptions
from oms.bus.subjects import PREFIX
from oms.bus.told import LinkChange
from oms.cli.ending import NO_ACCOUNT, NOBODY, WRONG, Failure
from oms.cli.nats_options import NOTHING, Said
from oms.cli.settings import nats_of
from oms.config import NatsSettings
from oms.daemon.nats import nats_options

REACH_S: Final = 5.0
NAME: Final = "oms-cli"
USUAL: Final = "nats://127.0.0.1:4222"
# As the settings have them; anything else would be more than a token of a subject.
LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
WORDS: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Where(NamedTuple):
    """NATS, and what subjects begin with."""

    options: NatsOptions
    prefix: str


def where(config: Path | None, said: Said, environ: Mapping[str, str] = os.environ) -> Where:
    """By the settings, or by the command line over the environment; Failure where it makes no sense."""
    if config is None:
        if said.prefix is not None and not WORDS.fullmatch(said.prefix):
            raise Failure(WRONG, "--prefix: words of letters, digits, _ or -, with dots between")
        return Where(_options(said, environ), said.prefix or PREFIX)
    if said != Said():
        raise Failure(WRONG, "either -c, whose [nats] counts, or the options of NATS")
    nats = nats_of(config)
    return Where(options_of(nats), nats.prefix)


def where_else(config: Path | None, said: Said, environ: Mapping[str, str] = os.environ) -> Where:
    """As `where`, for commands whose -c also says which data folder: the options of NATS go before it."""
    return where(config if said == NOTHING else None, said, environ)


def options_of(nats: NatsSettings) -> NatsOptions:
    """As the daemon connects; Failure where it makes no sense."""
    try:
        return nats_options(nats, NAME)
    except BadOptions as why:
        raise Failure(WRONG, f"nats: {why}") from None


def _options(said: Said, environ: Mapping[str, str]) -> NatsOptions:
    """Secrets come from the environment, never from the command line, which everybody may see."""

    def path(given: Path | None, name: str) -> Path | None:
        return given or (Path(environ[name]) if environ.get(name) else None)

    urls, in_url = _split((said.nats or environ.get("NATS_URL") or USUAL).split(","))
    user, password, token = said.user or environ.get("NATS_USER"), environ.get("NATS_PASSWORD"), None
    if in_url is not None:
        user, password, token = in_url
    elif user is None:
        password, token = None, environ.get("NATS_TOKEN")
    nkey = path(said.nkey, "NATS_NKEY")
    try:
        return NatsOptions(
            urls=urls,
            name=NAME,
            user=user,
            password=password,
            token=token,
            nkey_seed=None if nkey is None else nkey.read_text().strip(),
            creds=path(said.creds, "NATS_CREDS"),
            ca=path(said.ca, "NATS_CA"),
            cert=path(said.cert, "NATS_CERT"),
            key=path(said.key, "NATS_KEY"),
        )
    except OSError as why:
        raise Failure(WRONG, f"nkey: {why.filename}: {why.strerror}") from None
    except BadOptions as why:
        hint = " (variable NATS_PASSWORD)" if why.field == "password" else ""
        raise Failure(WRONG, f"nats: {why}{hint}") from None


def _split(urls: list[str]) -> tuple[tuple[str, ...], tuple[str | None, str | None, str | None] | None]:
    """URLs as the `nats` command takes them: nats://USER:PASSWORD@HOST, nats://TOKEN@HOST, HOST."""
    bare, found = [], None
    for url in urls:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        before, at, behind = parts.netloc.rpartition("@")
        if at:
            name, colon, password = (unquote(part) for part in before.partition(":"))
            found = (name, password, None) if colon else (None, None, name)
        bare.append(urlunsplit(parts._replace(netloc=behind)))
    return tuple(bare), found


@asynccontextmanager
async def asking(
    options: NatsOptions, troubled: Callable[[str], None] = lambda text: None
) -> AsyncIterator[Bridge]:
    """A bridge that is connected; Failure, in a group, where each server was tried once in vain.

    `troubled` hears what NATS has against us while it goes on: a subject that we may not use.
    """
    moved = trio.Event()
    failures = 0

    def told(change: LinkChange) -> None:
        nonlocal failures
        failures += change.what == "failed"
        if change.what == "trouble":
            troubled(change.text)
        if change.what == "connected" or failures >= len(options.urls):
            moved.set()

    async with bridged(options, told) as bridge:
        with trio.move_on_after(REACH_S):
            await moved.wait()
        if not bridge.connected:
            raise Failure(NOBODY, f"NATS is not reachable: {bridge.trouble}")
        yield bridge


async def accounts(bridge: Bridge, prefix: str) -> list[str]:
    """Those that a daemon answers for; Failure where there is no daemon."""
    try:
        found = await daemons(bridge)
    except NotConnected as why:
        raise Failure(NOBODY, f"NATS went away: {why}") from None
    if not found:
        raise Failure(NOBODY, "NATS is there, but no daemon: nobody answers $SRV.INFO.oms")
    there = accounts_of(found, prefix)
    if not there:
        raise Failure(NOBODY, f"a daemon is there, but holds no account under the prefix {prefix}")
    return there


async def chosen(bridge: Bridge, prefix: str, account: str | None) -> list[str]:
    """The account that is asked for, or all; Failure where it is not there."""
    there = await accounts(bridge, prefix)
    if account is None:
        return there
    if account not in there:
        raise Failure(NO_ACCOUNT, f"no account {account!r}; there are: {', '.join(there)}")
    return [account]
