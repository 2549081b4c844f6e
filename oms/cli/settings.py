"""The daemon's settings, for commands that run it, look at what it left, or ask it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oms.cli.ending import WRONG, Failure
from oms.config import ConfigError, DataSettings, HeadSettings, NatsSettings, Settings, load, load_section


def settings_of(config: Path) -> Settings:
    """What the file and the environment say; Failure with every problem there is."""
    with _usable():
        return load(config, os.environ)


def data_of(config: Path) -> DataSettings:
    """[data] alone: whoever reads the log needs no secrets.  Failure with what is wrong in it."""
    with _usable("--data DIR"):
        return load_section(config, os.environ, DataSettings)


def heads_of(config: Path) -> HeadSettings:
    """[heads] alone, without its secret: no auditor needs it.  Failure with what is wrong in it."""
    with _usable("--public-key KEY"):
        return load_section(config, os.environ, HeadSettings, secrets=False)


def nats_of(config: Path) -> NatsSettings:
    """[nats] alone: whoever asks the daemon needs no account's secrets.  Failure with what is wrong in it."""
    with _usable("--nats URL"):
        return load_section(config, os.environ, NatsSettings)


def prefix_of(config: Path) -> str:
    """What subjects begin with, by [nats], of which no secret is read.  Failure with what is wrong in it."""
    with _usable("--prefix WORDS"):
        return load_section(config, os.environ, NatsSettings, secrets=False).prefix


@contextmanager
def _usable(instead: str = "") -> Iterator[None]:
    """`instead` is the option that would do without the settings: not everybody who looks may read them."""
    try:
        yield
    except ConfigError as why:
        hint = f"\n({instead} does without them)" if instead else ""
        raise Failure(WRONG, f"the settings cannot be used:\n{why}{hint}") from None
