"""Which accounts are elsewhere: a check of the settings says so, before money is where nobody meant it."""

from .settings import Settings
from .urls import is_loopback


def beyond_loopback(settings: Settings) -> tuple[str, ...]:
    """The labels of accounts whose venue may be on another machine."""
    return tuple(label for label, one in settings.accounts.items() if not is_loopback(one.url))
