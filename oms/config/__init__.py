"""The configuration: strict TOML, variables of the environment over it, frozen settings out of them.

`load` gives settings that can be used as they are, or a ConfigError with every problem that was found, each
with its file, line and key; `load_section` does so for one section.  No message, no repr and no log shows a
secret (docs/configuration.md).
"""

from .loading import load, load_section
from .locality import beyond_loopback
from .problems import ConfigError, Problem
from .secret import Secret
from .settings import (
    AccountSettings,
    DataSettings,
    HeadSettings,
    HttpSettings,
    LimitSettings,
    LogSettings,
    NatsSettings,
    RiskSettings,
    Settings,
)

__all__ = [
    "AccountSettings",
    "ConfigError",
    "DataSettings",
    "HeadSettings",
    "HttpSettings",
    "LimitSettings",
    "LogSettings",
    "NatsSettings",
    "Problem",
    "RiskSettings",
    "Secret",
    "Settings",
    "beyond_loopback",
    "load",
    "load_section",
]
