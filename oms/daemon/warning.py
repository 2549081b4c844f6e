"""What the parts of an account tell people, in words, is a warning in the log."""

from collections.abc import Callable

from oms.telemetry.logs import logger

log = logger("oms.daemon")


def warning_of(account: str) -> Callable[[str, str], None]:
    """Takes what it is, and its detail."""

    def told(what: str, detail: str) -> None:
        log.warning(what, account=account, detail=detail)

    return told
