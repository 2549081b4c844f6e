"""The daemon's settings, for commands that look at what it left or ask it."""

import os
from pathlib import Path

from oms.cli.ending import WRONG, Failure
from oms.config import ConfigError, Settings, load


def settings_of(config: Path, instead: str = "") -> Settings:
    """What the file and the environment say; Failure with every problem there is.

    `instead` is the option that would do without them: not everybody who looks has the daemon's secrets.
    """
    try:
        return load(config, os.environ)
    except ConfigError as why:
        hint = f"\n({instead} does without them)" if instead else ""
        raise Failure(WRONG, f"the settings cannot be used:\n{why}{hint}") from None
