"""Bad input and bad surroundings: each is told clearly, nothing half-made stays, the rest goes on."""

import ctypes
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.pieces import (
    NOWHERE,
    attempt,
    files_holding,
    links,
    metric,
    streams,
    surroundings,
    types,
    until_logged,
)
from tests.flows.system import HEDGE, NET, Daemon, config_of, until

pytestmark = pytest.mark.slow
JSON_LOG = {"OMS_LOG_FORMAT": "json"}
WRONG = "correct-horse-battery"
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def settings(folder: Path, more: str = "") -> Path:
    """A file of settings of a daemon that reaches nobody."""
    path = folder / "oms.toml"
    path.write_text(config_of(*NOWHERE, folder, more))
    path.chmod(0o600)
    return path


def no_more_than_others() -> None:
    """A process of root's that may not write where its permissions say so."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


# What surrounds it.


def test_a_wrong_password_refuses_its_account_alone_and_is_told_nowhere(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        daemon = up.daemon
        daemon.start(OMS_ACCOUNTS_NET_PASSWORD=WRONG, **JSON_LOG)
        until(lambda: links(daemon) == {HEDGE: "ready", NET: "refused"}, what=daemon.log.read_text())
        (told,) = until_logged(daemon, "refused")
        assert (told["account"], told["level"]) == (NET, "warning")
        assert told["detail"] == "the login was refused with code 3"
        (status,) = [one for one in daemon.ready()["accounts"] if one["account"] == NET]
        assert status["reason"] == "the login was refused with code 3"
        assert daemon.ready()["ready"] is False
        up.venue.control("deposit", login=1001, amount="5.00")
        until(lambda: up.agrees(HEDGE))
        up.check_stream(HEDGE)
        up.check_stream(NET)
        assert WRONG not in json.dumps([daemon.ready(), up.ask(NET, "sessions"), up.ask(HEDGE, "sessions")])
        assert metric(daemon, "oms_session_reconnects", NET) == 0  # nobody is hammered
        assert daemon.stop() == 0
        (refused,) = [one["data"] for one in daemon.journal(NET) if one["type"] == "session.refused"]
        assert (refused["code"], refused["terminal"]) == (3, True)
        assert files_holding(tmp_path, WRONG) == []


def test_nats_away_at_the_start_is_told_and_waited_for(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        up.nats.stop()
        daemon = up.daemon
        daemon.start(**JSON_LOG)
        (told, *_) = until_logged(daemon, "nats failed")
        assert told["level"] == "warning"
        assert f"127.0.0.1:{up.nats.port}" in told["detail"]
        until(lambda: all(metric(daemon, "oms_ticks_received", one) for one in (HEDGE, NET)))
        assert links(daemon) == {HEDGE: "reconciling", NET: "reconciling"}
        assert "session.ready" not in types(daemon, HEDGE) + types(daemon, NET)
        assert daemon.ready()["nats_connected"] is False
        up.nats.start()
        daemon.until_ready()
        up.check_stream(HEDGE)
        up.check_stream(NET)


def test_nats_that_is_not_required_is_not_waited_for_and_gets_everything_later(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        up.nats.stop()
        daemon = up.daemon
        daemon.start(OMS_NATS_NATS_REQUIRED="false", **JSON_LOG)
        until(lambda: links(daemon) == {HEDGE: "ready", NET: "ready"}, what=daemon.log.read_text())
        up.venue.control("deposit", login=1002, amount="7.00")
        until(lambda: types(daemon, NET).count("deal.booked") == 2)
        assert (daemon.ready()["ready"], daemon.ready()["nats_connected"]) == (True, False)
        up.nats.start()
        until(lambda: daemon.ready()["nats_connected"])
        until(lambda: up.agrees(NET))
        up.check_stream(HEDGE)
        up.check_stream(NET)


def test_a_venue_away_at_the_start_is_told_and_tried_again(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        up.venue.end()
        daemon = up.daemon
        daemon.start(**JSON_LOG)
        told = until_logged(daemon, "outage", 6)
        assert {one["account"] for one in told} == {HEDGE, NET}
        assert all(f"127.0.0.1:{up.venue.port}" in one["detail"] for one in told)
        assert set(links(daemon).values()) == {"connecting"}
        up.venue.start()
        daemon.until_ready()
        assert up.agrees(HEDGE)


# The machine.


def test_a_taken_http_port_ends_it_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = attempt(up.daemon.config, OMS_HTTP_PORT=str(port))
        assert (done.returncode, done.stdout) == (1, "")
        assert f"oms run: 127.0.0.1:{port}: cannot listen: Address already in use" in done.stderr
        assert "Traceback" not in done.stderr
        assert streams(up.nats) == []
        up.daemon.start()  # its journals are free
        up.daemon.until_ready()
        assert types(up.daemon, HEDGE).count("account.opened") == 1
        up.check_stream(HEDGE)


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    done = attempt(settings(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    told = f"oms run: {tmp_path}/data/journal: cannot be made: Not a directory"
    assert done.stderr.splitlines()[-1] == told
    assert "Traceback" not in done.stderr
    assert (tmp_path / "data").read_text() == "in the way"


def test_a_data_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    config, data = settings(tmp_path), tmp_path / "data"
    data.mkdir(mode=0o555)
    done = attempt(config, before=no_more_than_others)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == f"oms run: {data}/journal: cannot be made: Permission denied"
    assert "Traceback" not in done.stderr
    assert list(data.iterdir()) == []


def test_tc_r7_a_second_daemon_on_the_same_data_is_refused_by_name_of_the_first(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        first = up.daemon
        first.start()
        first.until_ready()
        assert first.process is not None
        done = attempt(first.config)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1] == (
            f"oms run: {first.data}/journal/_daemon.lock: process {first.process.pid} is writing this "
            "journal; there must be one writer only"
        )
        up.venue.control("deposit", login=1001, amount="3.00")
        until(lambda: up.agrees(HEDGE))
        up.check_stream(HEDGE)
        assert types(first, HEDGE).count("session.ready") == 1
        assert types(first, "_daemon") == ["account.opened", "daemon.started"]


def test_tc_r7_a_second_daemon_on_other_data_is_fenced_by_the_stream(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        up.daemon.start()
        up.daemon.until_ready()
        (tmp_path / "second").mkdir()
        second = Daemon(tmp_path / "second", config_of(up.nats.url, up.venue.url, tmp_path / "second"))
        try:
            second.start(**JSON_LOG)
            told = until_logged(second, "stream contradicts journal", 2)
            assert {one["why"] for one in told} == {"another_epoch"}
            until(lambda: [one["permission"] for one in second.ready()["accounts"]] == ["halted"] * 2)
            assert all("another_epoch" in one["reason"] for one in second.ready()["accounts"])
            assert second.ready()["ready"] is False
            up.venue.control("deposit", login=1001, amount="3.00")
            until(lambda: up.agrees(HEDGE))
            up.check_stream(HEDGE)
            assert types(up.daemon, HEDGE).count("session.ready") == 1
            assert second.stop() == 0
        finally:
            second.kill()


# What it is given.


def test_settings_that_are_no_toml_are_told_by_line(tmp_path: Path) -> None:
    config = settings(tmp_path, "[limits\n")
    done = attempt(config)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{config}:8: not TOML: " in done.stderr
    assert not (tmp_path / "data").exists()


def test_every_setting_that_cannot_be_used_is_told_by_line_and_no_value_is(tmp_path: Path) -> None:
    config = settings(tmp_path, "[limits]\npign = 5.0\nping = -7\n[accounts.none]\nlogin = 5")
    done = attempt(config)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1:] == [
        f"{config}:9: limits.pign: unknown key; is it ping?",
        f"{config}:10: limits.ping: must be a number from 0.1 to 60",
        f"{config}:11: accounts.none.url: must be given",
        f"{config}:11: accounts.none.password: must be given",
    ]
    assert not (tmp_path / "data").exists()


def test_a_venue_elsewhere_is_run_like_any_other(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        up.daemon.start(OMS_ACCOUNTS_NET_URL="wss://venue.invalid/terminal")
        until(lambda: links(up.daemon) == {HEDGE: "ready", NET: "connecting"}, what=up.daemon.log.read_text())
        assert up.daemon.stop() == 0


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a daemon that was ready and has ended."""
    folder = tmp_path_factory.mktemp("journals")
    with surroundings(folder) as up:
        up.daemon.start()
        up.daemon.until_ready()
        assert up.daemon.stop() == 0
    return folder


def another_login(journal: Path) -> None:
    """Nothing is wrong with the file."""


def of_another_label(journal: Path) -> None:
    shutil.copy(journal.with_name("hedge.db"), journal)


def no_database(journal: Path) -> None:
    journal.write_bytes(b"not SQLite " * 1000)


def another_byte(journal: Path) -> None:
    """In the text of the venue's name for the account, which its last terms hold."""
    found = journal.read_bytes()
    assert found.count(b'"login":"1002"') >= 1
    journal.write_bytes(found.replace(b'"login":"1002"', b'"login":"1003"'))


def cut_off(journal: Path) -> None:
    found = journal.read_bytes()
    journal.write_bytes(found[: len(found) // 2])


@pytest.mark.parametrize(
    ("harm", "login", "what"),
    [
        (another_login, "1003", "net.db: is the journal of login 1002, and the settings say 1003"),
        (of_another_label, "1002", "net.db: has the account 'hedge', and only 'net' can be opened here"),
        (no_database, "1002", "net.db: "),
        (another_byte, "1002", "net.db: "),
        (cut_off, "1002", "net.db: "),
    ],
)
def test_a_journal_that_is_not_this_accounts_or_not_whole_is_told(
    tmp_path: Path, journals: Path, harm: Callable[[Path], None], login: str, what: str
) -> None:
    shutil.copytree(journals / "data", tmp_path / "data")
    folder = tmp_path / "data" / "journal"
    harm(folder / "net.db")
    before = {path.name: path.read_bytes() for path in folder.glob("net.db*")}
    done = attempt(settings(tmp_path), OMS_ACCOUNTS_NET_LOGIN=login)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"oms run: {folder}/{what}" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in folder.glob("net.db*")} == before
    assert (folder / "hedge.lock").read_bytes() == b""
