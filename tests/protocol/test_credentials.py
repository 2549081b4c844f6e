"""Logins, two-factor requests, client ids: as the official client sends them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from protocol.commands import COMMANDS
from protocol.credentials import client_id, disable_two_factor, enable_two_factor, init, login
from protocol.records.access import LOGIN
from tests.protocol.conversation import logged_in

VECTORS = json.loads((Path(__file__).parent / "vectors" / "requests.json").read_text())
CID = bytes.fromhex("38a58373aa1ed3008c0eeef14395f319")


def vector(name: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["name"] == name)


def body(command: int, value: Any) -> str:
    request = COMMANDS[command].request
    assert request is not None
    return request.encode(value).hex()


def test_a_login_is_the_official_clients_but_for_the_page_it_came_from() -> None:
    golden = vector("login-plain")
    made = login(1001, "Secret#1", cid=CID)
    fields = {**golden["fields"], "utm_campaign": "", "utm_source": ""}
    assert (made.login, made.password, made.cid.hex()) == (fields["login"], fields["password"], fields["cid"])
    assert LOGIN.load(LOGIN.dump(made)).password_ticket == bytes(160)


@pytest.mark.parametrize("digit", ["a", "F", "0"])
def test_a_password_of_320_hex_digits_is_a_ticket(digit: str) -> None:
    made = login(7, digit * 320, session=9)
    assert (made.password, made.password_ticket, made.session) == ("", bytes.fromhex(digit * 320), 9)


@pytest.mark.parametrize("password", ["a" * 319, "a" * 321, "g" * 320])
def test_any_other_password_is_one(password: str) -> None:
    made = login(7, password)
    assert (made.password, made.password_ticket) == (password, b"")


def test_the_url_length_counts_code_units_up_to_128() -> None:
    assert login(1, "", url="web.example.test").url_length == 16
    assert login(1, "", url="🙂").url_length == 2
    assert init(url="a" * 164).url_length == 128


def test_two_factor_requests_are_the_official_clients() -> None:
    on, off = vector("otp-enable"), vector("otp-with-ticket")
    assert body(43, enable_two_factor(1001, "pw", "JBSWY3DPEHPK3PXP", "654321", cid=CID)) == on["hex"]
    assert body(43, disable_two_factor(1001, off["args"]["password"], "1", cid=CID)) == off["hex"]


def test_a_client_id_is_the_start_of_a_sha1() -> None:
    told = b"Linux x86_64;1;en-US;1920x1080;12345"
    expected = hashlib.sha1(told, usedforsecurity=False).digest()[:16]
    assert client_id("Linux x86_64", "1", "en-US", 1080, 1920, 12345) == expected


def test_ticket_number_token_of_one_session_open_the_next() -> None:
    terminal, gateway = logged_in()
    again = login(1001, terminal.ticket.hex(), session=terminal.number)
    assert (again.password_ticket, again.session) == (gateway.ticket, gateway.number)
    assert len(again.password_ticket) == 160
