"""Subjects and names in NATS (docs/nats.md).

A prefix has dots of its own (`oms.v1`), an account's label has none.  A symbol is one token: whatever would
end it, or mean something to NATS, is percent-encoded.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

PREFIX: Final = "oms.v1"
# Dot, star, greater, percent, and everything up to the space: a line break would begin another NATS command.
_SPECIAL: Final = re.compile(r"[\x00-\x20.*>%\x7f]")


@lru_cache(65_536)
def encoded(symbol: str) -> str:
    """A symbol as one token of a subject; ValueError where it is empty."""
    if not symbol:
        raise ValueError("an empty symbol has no subject")
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", symbol)


def decoded(token: str) -> str:
    """The symbol that a token stands for."""
    return unquote(token, errors="strict")


def event(prefix: str, account: str, tag: str, symbol: str) -> str:
    """An event of a journal: its type, then its symbol, which may be empty."""
    subject = f"{prefix}.evt.{account}.{tag}"
    return f"{subject}.{encoded(symbol)}" if symbol else subject


def events(prefix: str, account: str) -> str:
    """All events of an account."""
    return f"{prefix}.evt.{account}.>"


def stream(account: str) -> str:
    """The stream that holds them."""
    return f"OMS_EVT_{account}"


def market(prefix: str, kind: str, account: str, symbol: str) -> str:
    """Market data of a symbol; `kind` is tick, book or stat."""
    return f"{prefix}.{kind}.{account}.{encoded(symbol)}"


def ticks(prefix: str, account: str) -> str:
    """All ticks of a push in one message."""
    return f"{prefix}.ticks.{account}"


def endpoint(prefix: str, kind: str, account: str) -> str:
    """Everything that is asked of an account; `kind` is query, cmd or ctl."""
    return f"{prefix}.{kind}.{account}.>"


def queued(prefix: str, account: str, verbs: Iterable[str]) -> list[str]:
    """The durable commands of these verbs, each without a client and with one."""
    found = []
    for verb in verbs:
        subject = f"{prefix}.queue.{account}.{verb}"
        found += [subject, f"{subject}.*"]
    return found


def queue_stream(account: str) -> str:
    """The stream that holds an account's durable commands."""
    return f"OMS_QUEUE_{account}"


def dead(prefix: str, account: str) -> str:
    """Commands that could not be read; `account` may be `*`."""
    return f"{prefix}.dead.{account}"


def head(prefix: str, account: str) -> str:
    """Signed heads of a journal; `account` may be `*`."""
    return f"{prefix}.head.{account}"


def replies(prefix: str) -> str:
    """What begins so is no subject of ours: outcomes may be asked for there."""
    return f"{prefix}.reply."
