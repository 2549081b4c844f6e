"""Which accounts may be elsewhere: until there are risk rules, running those has to be asked for."""

from .settings import Settings
from .urls import is_loopback


def beyond_loopback(settings: Settings) -> tuple[str, ...]:
    """The labels of accounts whose venue may be on another machine."""
    return tuple(label for label, one in settings.accounts.items() if not is_loopback(one.url))
