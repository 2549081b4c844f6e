"""A venue's URL."""

import pytest

from oms.sessions.address import Address


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("ws://127.0.0.1:8000/terminal", Address("127.0.0.1", 8000, "/terminal", False), "127.0.0.1:8000"),
        ("wss://web.example/terminal", Address("web.example", 443, "/terminal", True), "web.example"),
        ("wss://web.example:80/t", Address("web.example", 80, "/t", True), "web.example:80"),
        ("ws://[::1]:9/?utm=x", Address("::1", 9, "/?utm=x", False), "[::1]:9"),
        ("ws://host", Address("host", 80, "/", False), "host"),
    ],
)
def test_a_url_taken_apart(url: str, address: Address, authority: str) -> None:
    assert Address.of(url) == address
    assert Address.of(url).authority == authority


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://host/", "http scheme"),
        ("host/terminal", "no scheme"),
        ("wss:///terminal", "no host"),
        ("wss://me:hunter2@host/", "user"),
        ("wss://host/#there", "fragment"),
        ("wss://host:99999/", "port"),
        ("wss://host:0x50/", "port"),
        ("wss://host:0/", "port"),
        ("wss://host/\u00e9", "ASCII"),
    ],
)
def test_what_is_no_venue_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        Address.of(url)
    assert "hunter2" not in str(caught.value)


def test_an_origin_cannot_smuggle_a_header() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        Address.of("ws://host/", "https://host\r\nCookie: x")


def test_what_is_shown_leaves_the_query_out() -> None:
    assert str(Address.of("wss://host/terminal?token=secret")) == "wss://host/terminal"
