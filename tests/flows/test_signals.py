"""Signals that come twice, or while somebody is waited for, end the daemon in good order."""

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.flows.pieces import NOWHERE, logged, seconds_to, surroundings, types
from tests.flows.system import HEDGE, Daemon, config_of

pytestmark = pytest.mark.slow
JSON_LOG = {"OMS_LOG_FORMAT": "json"}
SOON_S = 8.0


def test_two_signals_in_a_row_end_it_once(tmp_path: Path) -> None:
    with surroundings(tmp_path) as up:
        daemon = up.daemon
        daemon.start(**JSON_LOG)
        daemon.until_ready()
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGINT)
        assert daemon.stop() == 0
        assert len(logged(daemon, "stopping")) == len(logged(daemon, "stopped")) == 1
        assert "Traceback" not in daemon.log.read_text()
        assert types(daemon, HEDGE)[-2:] == ["session.ended", "account.state"]


@pytest.mark.parametrize("silent", ["venue", "nats"])
def test_a_signal_while_somebody_is_waited_for_ends_it_in_good_order(tmp_path: Path, silent: str) -> None:
    """Somebody takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        urls = (
            (NOWHERE[0], f"ws://{where}/terminal") if silent == "venue" else (f"nats://{where}", NOWHERE[1])
        )
        daemon = Daemon(tmp_path, config_of(*urls, tmp_path))
        try:
            daemon.start(**JSON_LOG)
            mute.settimeout(20)
            visitor, _ = mute.accept()
            codes: list[int] = []
            assert seconds_to(lambda: codes.append(daemon.stop())) < SOON_S
            visitor.close()
        finally:
            daemon.kill()
        assert codes == [0]
        assert types(daemon, "_daemon") == ["account.opened", "daemon.started", "daemon.stopped"]
        assert json.loads(daemon.log.read_text().splitlines()[-1])["event"] == "stopped"
