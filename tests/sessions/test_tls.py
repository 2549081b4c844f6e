"""A venue over wss proves who it is, always: nothing turns that off."""

import re
import ssl
import subprocess
from functools import partial
from pathlib import Path
from typing import get_type_hints

import pytest
import trio

from oms.config.settings import AccountSettings, LimitSettings
from tests.ingest.held import held
from tests.paper.running import running

SOURCES = [
    path for package in ("oms", "protocol") for path in (Path(__file__).parents[2] / package).rglob("*.py")
]


@pytest.fixture(scope="module")
def selfmade(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate of its own making, for the right name."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        f" -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {key} -out {cert}".split(),
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


@pytest.mark.trio
@pytest.mark.slow
async def test_an_account_never_logs_in_where_the_certificate_proves_nothing(
    selfmade: ssl.SSLContext, tmp_path: Path
) -> None:
    async with running() as venue, trio.open_nursery() as nursery:
        port = await nursery.start(partial(venue.server.serve, "127.0.0.1", 0, tls=selfmade))
        url = f"wss://localhost:{port}/terminal"
        async with held(venue, tmp_path, url=url) as main:

            def tries() -> list[str]:
                return [detail for what, detail in main.told if what == "outage"]

            await main.until(lambda: len(tries()) >= 3)
            assert all("certificate verify failed" in detail for detail in tries())
            assert main.account.connections == 0
            assert "session.connected" not in main.types()
        assert venue.control("truth")["requests"] == []  # not a byte of a login
        nursery.cancel_scope.cancel()


def test_no_source_turns_it_off() -> None:
    switch = re.compile(r"CERT_NONE|CERT_OPTIONAL|check_hostname|verify_mode|_create_unverified")
    assert SOURCES
    assert [str(path) for path in SOURCES if switch.search(path.read_text())] == []


def test_no_setting_turns_it_off() -> None:
    names = get_type_hints(AccountSettings).keys() | get_type_hints(LimitSettings).keys()
    assert [name for name in names if re.search("tls|ssl|verify|insecure|cert|trust", name)] == []
