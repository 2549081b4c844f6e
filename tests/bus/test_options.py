"""How to reach NATS is checked before anything is tried, and secrets show nowhere."""

from pathlib import Path
from typing import Any

import pytest

from oms.bus.errors import BadOptions
from oms.bus.options import NatsOptions, place

SECRET = "sesame-42"  # noqa: S105
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"  # of NATS' own documentation


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"urls": ()}, "url: is missing"),
        ({"urls": ("http://localhost",)}, "url: 'http://localhost' is not nats://"),
        ({"urls": ("localhost:4222",)}, "url: 'localhost:4222' is not nats://"),
        (
            {"urls": ("nats://localhost:port",)},
            "url: 'nats://localhost:port' is none, or its port is no port",
        ),
        ({"urls": ("nats://localhost/x",)}, "is not nats://HOST"),
        ({"urls": (f"nats://me:{SECRET}@localhost",)}, "url: holds a user or token"),
        ({"urls": (f"nats://me:{SECRET}/x@localhost",)}, "url: the address is none"),
        ({"user": "me"}, "password: is missing"),
        ({"password": SECRET}, "user: is missing"),
        ({"user": "me", "password": SECRET, "token": SECRET}, "token: cannot be given beside user"),
        ({"token": SECRET, "creds": Path("x")}, "creds: cannot be given beside token"),
        ({"nkey_seed": SECRET}, "nkey_seed: is not the seed of a user's nkey"),
        ({"cert": Path("c")}, "key: is missing"),
        ({"key": Path("c")}, "cert: is missing"),
    ],
)
def test_what_makes_no_sense_names_its_field_and_no_secret(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOptions) as caught:
        NatsOptions(**given)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [{"user": "me", "password": SECRET}, {"token": SECRET}, {"nkey_seed": SEED}],
    ids=["password", "token", "nkey_seed"],
)
def test_secrets_are_in_no_repr(given: dict[str, str]) -> None:
    shown = repr(NatsOptions(**given))  # type: ignore[arg-type]
    assert SECRET not in shown
    assert SEED not in shown


def test_tls_is_insisted_on_where_anything_speaks_of_it() -> None:
    assert not NatsOptions().tls
    assert NatsOptions(urls=("tls://localhost",)).tls
    assert NatsOptions(ca=Path("ca.pem")).tls


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "no").write_text("-----BEGIN NATS USER JWT-----\nx\n")
    with pytest.raises(BadOptions, match=r"^ca: cannot be read: No such file"):
        NatsOptions(ca=tmp_path / "absent").ssl_context()
    with pytest.raises(BadOptions, match=r"^ca: cannot be read: "):
        NatsOptions(ca=tmp_path / "no").ssl_context()
    with pytest.raises(BadOptions, match=r"absent: No such file"):
        NatsOptions(creds=tmp_path / "absent").credentials()
    with pytest.raises(BadOptions, match=r"is not a file with a user's JWT and nkey seed"):
        NatsOptions(creds=tmp_path / "no").credentials()


def test_a_place_is_host_and_port() -> None:
    assert place("nats://localhost") == "localhost:4222"
    assert place("tls://127.0.0.1:5222") == "127.0.0.1:5222"
