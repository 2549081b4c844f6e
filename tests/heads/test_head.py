"""Heads and their signatures, against the Ed25519 of RFC 8032 and JSON of the standard library."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import asdict, replace

from oms.heads.file import UnreadableHeads, append_head, read_heads
from oms.heads.head import BadHead, Head, SignedHead, read, signed
from oms.heads.keys import BadKey, SigningKey, is_public, is_secret, is_signed
from oms.verify.heads import gathered

# RFC 8032, 7.1, the first: both halves of a key, and its signature of nothing.
SECRET = "ed25519-secret:nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  # noqa: S105 - published in the RFC
PUBLIC = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
HEAD = Head(
    account="main", epoch="ab" * 16, seq=7, hash="cd" * 32, state_hash="ef" * 32, state_version=1,
    signed_at="2026-11-21T01:04:05.000000000Z",
)  # fmt: skip


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_keys_are_those_of_the_rfc() -> None:
    key = SigningKey.of_text(SECRET)
    assert (key.public, key.text) == (PUBLIC, SECRET)
    assert raw(key.sign(b"")) == OF_NOTHING
    assert is_signed(PUBLIC, key.sign(b""), b"")
    assert not is_signed(PUBLIC, key.sign(b""), b"x")
    assert not is_signed(PUBLIC, "no base64 ?", b"")


def test_halves_are_not_taken_for_each_other() -> None:
    key = SigningKey.generate()
    assert (is_secret(key.text), is_public(key.text)) == (True, False)
    assert (is_secret(key.public), is_public(key.public)) == (False, True)
    for text in (key.public, key.text[:-1], f"{key.text}\n", ""):
        with pytest.raises(BadKey) as told:
            SigningKey.of_text(text)
        assert text[:30] not in str(told.value) or not text
    assert key.text not in repr(key)


def test_a_head_is_signed_as_its_document_says() -> None:
    line = signed(HEAD, SigningKey.of_text(SECRET))
    told = json.loads(line)
    signature = raw(told.pop("signature"))
    message = b"oms head\n" + json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    public = Ed25519PublicKey.from_public_bytes(raw(PUBLIC.removeprefix("ed25519:")))
    public.verify(signature, message)
    with pytest.raises(InvalidSignature):
        public.verify(signature, message.replace(b'"seq":7', b'"seq":8'))
    assert told["key"] == PUBLIC
    found = read(line)
    assert found.is_signed_by([PUBLIC])
    assert not found.is_signed_by([SigningKey.generate().public])


@pytest.mark.parametrize("name", ["account", "epoch", "seq", "hash", "state_hash", "signed_at", "key"])
def test_no_field_of_it_can_be_changed(name: str) -> None:
    told = json.loads(signed(HEAD, SigningKey.of_text(SECRET)))
    other = SigningKey.generate().public
    told[name] = {"seq": 8, "key": other}.get(name, "net")
    assert not read(json.dumps(told).encode()).is_signed_by([PUBLIC, other])


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{}", b"\xff", b"[" * 3000, b'{"seq":' + b"1" * 5000 + b"}"),
        # Whoever may publish a head may publish these: no seq, and no version, that can be signed.
        signed(HEAD, SigningKey.of_text(SECRET)).replace(b'"seq":7', b'"seq":9007199254740992'),
        signed(HEAD, SigningKey.of_text(SECRET)).replace(
            b'"state_version":1', b'"state_version":' + b"9" * 99
        ),
        signed(HEAD, SigningKey.of_text(SECRET)).replace(b'"seq":7', b'"seq":0'),
    ],
)
def test_what_is_no_head_is_told(line: bytes) -> None:
    with pytest.raises(BadHead):
        read(line)


def test_a_file_of_heads_grows_and_half_a_line_is_taken_away(tmp_path: Path) -> None:
    path, key = tmp_path / "heads", SigningKey.of_text(SECRET)
    line = signed(HEAD, key)
    append_head(path, line)
    path.write_bytes(path.read_bytes() + line[:100])  # somebody was killed
    assert [head.seq for head in read_heads(path)] == [7]
    append_head(path, line)
    assert path.read_bytes() == line + b"\n" + line + b"\n"


def test_a_file_with_something_else_in_it_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    append_head(path, signed(HEAD, SigningKey.of_text(SECRET)))
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(UnreadableHeads, match=r"heads:1: is no signed head: .*missing required field"):
        list(read_heads(path))
    with pytest.raises(UnreadableHeads, match="No such file"):
        list(read_heads(tmp_path / "none"))


def test_whatever_byte_of_a_file_of_heads_is_flipped(tmp_path: Path) -> None:
    """What is believed was signed, what is missing is told, nothing fails (docs/semantics.md 10, TC-L2)."""
    path, key, random = tmp_path / "heads", SigningKey.of_text(SECRET), Random(9)
    append_head(path, signed(HEAD, key))
    append_head(path, signed(replace(HEAD, seq=8, signed_at="2026-11-21T01:05:05.000000000Z"), key))
    content = path.read_bytes()
    told = {"unreadable": 0, "forged": 0}
    for place in range(len(content) - 1):  # without its last byte a line was being written
        changed = bytearray(content)
        changed[place] ^= random.randrange(1, 256)
        path.write_bytes(changed)
        try:
            found = gathered(path, read_heads(path), [PUBLIC])
        except UnreadableHeads:
            told["unreadable"] += 1
            continue
        told["forged"] += len(found.forged)
        believed = [replace(head, signature="") for head in found.of("main")]
        assert all(signed(unsigned(head), key) in content for head in believed)
        assert len(believed) + len(found.forged) == 2
    assert min(told.values()) > 100


def unsigned(head: SignedHead) -> Head:
    fields = asdict(head)
    return Head(**{name: fields[name] for name in Head.__struct_fields__})
