"""Who is ready, who is healthy."""

import pytest

from oms.web.readiness import AccountStatus, health, readiness

READY = AccountStatus("hedge", "ready", "active", "ready", "", 118, 117)


def status(link: str, permission: str = "active") -> AccountStatus:
    return AccountStatus("net", link, permission, permission if link == "ready" else link, "", 1, 1)


@pytest.mark.parametrize("link", ["connecting", "reconciling", "refused", "closed"])
def test_one_account_that_is_not_ready_is_enough(link: str) -> None:
    assert not readiness([READY, status(link)], nats_connected=True).ready


@pytest.mark.parametrize("permission", ["active", "reducing", "halted", "difference", "dirty", "read_only"])
def test_what_an_account_may_do_does_not_count(permission: str) -> None:
    assert readiness([READY, status("ready", permission)], nats_connected=True).ready


def test_without_nats_nothing_is_ready() -> None:
    assert not readiness([READY], nats_connected=False).ready
    assert readiness([READY], nats_connected=False, nats_required=False).ready


def test_a_daemon_without_accounts_is_ready_when_nats_is_there() -> None:
    assert readiness([], nats_connected=True).ready


def test_a_broken_journal_is_not_healthy() -> None:
    assert health([]).healthy
    assert not health(["net"]).healthy
