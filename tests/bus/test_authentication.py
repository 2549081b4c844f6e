"""Every way to be let in, against real servers; and being turned away, in words that hold no secret."""

import base64
import ipaddress
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import nkeys  # type: ignore[import-untyped]
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oms.bus.bridge import bridged
from oms.bus.options import NatsOptions
from oms.bus.told import LinkChange
from tests.bus.scene import QUICK, SOON_S, until, what
from tests.nats import Server, nats_server

pytestmark = pytest.mark.trio
SECRET = "sesame-42-open"  # noqa: S105
WRONG = "wrong-43-closed"


async def first_change(server: Server, scheme: str = "nats", **options: Any) -> LinkChange:
    """What comes of an attempt to connect."""
    changes: list[LinkChange] = []
    url = f"{scheme}://127.0.0.1:{server.port}"
    async with bridged(NatsOptions(urls=(url,), **options), changes.append, limits=QUICK):
        await until(lambda: changes)
    return changes[0]


async def test_user_and_password(tmp_path: Path) -> None:
    config = f'authorization {{ user: me, password: "{SECRET}" }}'
    with nats_server(tmp_path, config) as server:
        assert (await first_change(server, user="me", password=SECRET)).what == "connected"
        refused = await first_change(server, user="me", password=WRONG)
        unknown = await first_change(server)
    place = f"127.0.0.1:{server.port}"
    text = f"{place}: NATS refuses us (Authorization Violation); we showed"
    assert refused == ("failed", f"{text} user and password")
    assert unknown == ("failed", f"{text} nothing")


async def test_token(tmp_path: Path) -> None:
    with nats_server(tmp_path, f'authorization {{ token: "{SECRET}" }}') as server:
        assert (await first_change(server, token=SECRET)).what == "connected"
        refused = await first_change(server, token=WRONG)
    assert refused.what == "failed"
    assert refused.text.endswith("NATS refuses us (Authorization Violation); we showed token")


def key(prefix: int, secret: bytes) -> nkeys.KeyPair:
    """A key pair of NATS' kind from 32 bytes."""
    return nkeys.from_seed(bytearray(nkeys.encode_seed(secret, prefix)))


async def test_nkey(tmp_path: Path) -> None:
    user, other = (key(nkeys.PREFIX_BYTE_USER, bytes([n]) * 32) for n in (1, 2))
    config = f"authorization {{ users: [{{ nkey: {user.public_key.decode()} }}] }}"
    with nats_server(tmp_path, config) as server:
        assert (await first_change(server, nkey_seed=user.seed.decode())).what == "connected"
        refused = await first_change(server, nkey_seed=other.seed.decode())
    assert refused.text.endswith("NATS refuses us (Authorization Violation); we showed nkey")
    assert other.seed.decode() not in refused.text


def jwt(kind: str, issuer: nkeys.KeyPair, subject: nkeys.KeyPair, **claims: Any) -> str:
    """A JWT as NATS signs them (ed25519-nkey, version 2)."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body: dict[str, Any] = {
        "iat": 1_700_000_000,
        "iss": issuer.public_key.decode(),
        "sub": subject.public_key.decode(),
        "name": kind,
        "nats": {"type": kind, "version": 2, **claims},
    }
    body["jti"] = base64.b32encode(sha256(json.dumps(body).encode()).digest()).decode().rstrip("=")
    signed = f"{part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{part(body)}"
    signature = base64.urlsafe_b64encode(issuer.sign(signed.encode())).decode().rstrip("=")
    return f"{signed}.{signature}"


async def test_credentials_file(tmp_path: Path) -> None:
    operator = key(nkeys.PREFIX_BYTE_OPERATOR, b"o" * 32)
    account = key(nkeys.PREFIX_BYTE_ACCOUNT, b"a" * 32)
    user = key(nkeys.PREFIX_BYTE_USER, b"u" * 32)
    open_account = {"limits": dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn"), -1)}
    creds = tmp_path / "user.creds"
    creds.write_text(
        "-----BEGIN NATS USER JWT-----\n"
        f"{jwt('user', account, user, pub={}, sub={}, subs=-1, data=-1, payload=-1)}\n"
        "------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    config = (
        f"operator: {jwt('operator', operator, operator)}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public_key.decode()}: "
        f"{jwt('account', operator, account, **open_account)} }}"
    )
    with nats_server(tmp_path / "server", config, jetstream=False) as server:
        assert (await first_change(server, creds=creds)).what == "connected"
        creds.write_text(creds.read_text().replace(user.seed.decode(), operator.seed.decode()))
        refused = await first_change(server, creds=creds)
        absent = await first_change(server, creds=tmp_path / "absent")
    assert refused.text.endswith("user.creds: is not a file with a user's JWT and nkey seed")
    assert absent.text.endswith("absent: No such file or directory")


Sign = Callable[[str], tuple[Path, Path]]


def authority(folder: Path) -> tuple[Path, Sign]:
    """An authority's certificate, and what makes a certificate and key for 127.0.0.1, signed by it."""
    folder.mkdir()
    own = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)

    def certificate(subject: x509.Name, public: Any, *, ca: bool) -> x509.Certificate:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        return (builder if ca else builder.add_extension(names, critical=False)).sign(own, hashes.SHA256())

    def sign(who: str) -> tuple[Path, Path]:
        private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
        cert, secret = folder / f"{who}.pem", folder / f"{who}.key"
        signed = certificate(subject, private.public_key(), ca=False)
        cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return cert, secret

    ca = folder / "ca.pem"
    ca.write_bytes(certificate(name, own.public_key(), ca=True).public_bytes(serialization.Encoding.PEM))
    return ca, sign


async def test_tls(tmp_path: Path) -> None:
    ca, sign = authority(tmp_path / "ours")
    other, _ = authority(tmp_path / "other")
    cert, secret = sign("server")
    config = f'tls {{ cert_file: "{cert}", key_file: "{secret}" }}\nauthorization {{ token: "{SECRET}" }}'
    with nats_server(tmp_path / "server", config) as server:
        assert (await first_change(server, ca=ca, token=SECRET)).what == "connected"
        assert (await first_change(server, "tls", ca=ca, token=SECRET)).what == "connected"
        stranger = await first_change(server, ca=other, token=SECRET)
    assert stranger.what == "failed"
    assert "certificate verify failed" in stranger.text


async def test_tls_with_a_certificate_of_ours(tmp_path: Path) -> None:
    ca, sign = authority(tmp_path / "ours")
    cert, secret = sign("server")
    mine, my_key = sign("me")
    config = f'tls {{ cert_file: "{cert}", key_file: "{secret}", ca_file: "{ca}", verify: true }}'
    with nats_server(tmp_path / "server", config) as server:
        assert (await first_change(server, ca=ca, cert=mine, key=my_key)).what == "connected"
        assert (await first_change(server, ca=ca)).what == "failed"


async def test_a_server_without_tls_does_not_get_the_password(tmp_path: Path) -> None:
    """Somebody between us and the server could say that it has none: nats-py would send it in the clear."""
    ca, _ = authority(tmp_path / "ours")
    got = bytearray()

    async def overhear(stream: trio.SocketStream) -> None:
        await stream.send_all(
            b'INFO {"server_id":"x","auth_required":true,"headers":true,"max_payload":1000}\r\n'
        )
        async for data in stream:
            got.extend(data)

    changes: list[LinkChange] = []
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, overhear, 0)
        port = listeners[0].socket.getsockname()[1]
        ways: list[tuple[str, dict[str, Any]]] = [("tls", {}), ("nats", {"ca": ca})]
        identities: list[dict[str, Any]] = [{"user": "me", "password": SECRET}, {"token": SECRET}]
        for scheme, given in ways:
            for identity in identities:
                options = NatsOptions(urls=(f"{scheme}://127.0.0.1:{port}",), **given, **identity)
                async with bridged(options, changes.append, limits=QUICK):
                    await until(lambda: changes)
                (change,) = changes
                assert change.text.endswith("the server offers no TLS, and TLS is asked for")
                changes.clear()
        nursery.cancel_scope.cancel()
    assert not got


async def test_new_credentials_are_taken_at_the_next_attempt(tmp_path: Path) -> None:
    changes: list[LinkChange] = []
    with nats_server(tmp_path, f'authorization {{ token: "{WRONG}" }}') as server:
        options = NatsOptions(urls=(server.url,), token=SECRET)
        async with bridged(options, changes.append, limits=QUICK) as bridge:
            await until(lambda: changes)
            server.stop()
            server.configure(f'authorization {{ token: "{SECRET}" }}')
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(SOON_S):
                await bridge.connection()
    assert what(changes)[0] == "failed"
    assert "connected" in what(changes)
    assert not [change for change in changes if SECRET in change.text or WRONG in change.text]
