"""The kept context against a fresh one from `cryptography` for every message."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.cipher import INITIAL_KEY, Decryptor, Encryptor
from protocol.errors import DecryptError, LocalProtocolError

KEYS = [bytes(range(size)) for size in (16, 24, 32)]


def fresh(key: bytes, plaintext: bytes) -> bytes:
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(key), CBC(bytes(16))).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()


def blocks(key: bytes, padded: bytes) -> bytes:
    """The ciphertext of whole blocks, whatever their padding."""
    return Cipher(AES(key), CBC(bytes(16))).encryptor().update(padded)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KEYS), st.lists(st.binary(max_size=50), max_size=6))
def test_every_message_is_encrypted_as_by_a_fresh_context(key: bytes, messages: list[bytes]) -> None:
    encryptor, decryptor = Encryptor(key), Decryptor(key)
    for message in messages:
        ciphertext = encryptor.encrypt(message)
        assert ciphertext == fresh(key, message)
        assert decryptor.decrypt(ciphertext) == message


@pytest.mark.parametrize("key", KEYS, ids=[str(len(key)) for key in KEYS])
def test_equal_messages_give_equal_ciphertexts(key: bytes) -> None:
    encryptor = Encryptor(key)
    first = encryptor.encrypt(b"the same")
    encryptor.encrypt(b"another one, longer than a block")
    assert encryptor.encrypt(b"the same") == first == fresh(key, b"the same")


@pytest.mark.parametrize("size", range(50))
def test_a_message_of_every_length_comes_back(size: int) -> None:
    ciphertext = Encryptor(INITIAL_KEY).encrypt(b"x" * size)
    assert len(ciphertext) == size - size % 16 + 16
    assert Decryptor(INITIAL_KEY).decrypt(ciphertext) == b"x" * size


@pytest.mark.parametrize("size", [0, 8, 15, 17, 31, 33, 64])
def test_a_key_of_no_aes_length_is_our_error(size: int) -> None:
    for end in (Encryptor, Decryptor):
        with pytest.raises(LocalProtocolError, match=f"key: {size} bytes") as caught:
            end(bytes(size))
        assert caught.value.field == "key"


KEY = KEYS[2]
BAD = {
    "empty": b"",
    "one-byte": b"x",
    "not-a-block": bytes(17),
    "padding-0": blocks(KEY, bytes(16)),
    "padding-17": blocks(KEY, bytes(15) + b"\x11"),
    "padding-255": blocks(KEY, b"\xff" * 16),
    "padding-uneven": blocks(KEY, bytes(13) + b"\1\3\3"),
    "padding-longer-than-the-rest": blocks(KEY, b"\x10" * 15 + b"\x0f" + b"\x10" * 15 + b"\x11"),
    "another-key": fresh(KEYS[0], b"hello"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
def test_what_is_no_ciphertext_leaves_the_next_message_readable(bad: bytes) -> None:
    decryptor = Decryptor(KEY)
    assert decryptor.decrypt(fresh(KEY, b"before")) == b"before"
    with pytest.raises(DecryptError) as caught:
        decryptor.decrypt(bad)
    assert caught.value.code == "decrypt"
    assert decryptor.decrypt(fresh(KEY, b"after")) == b"after"


def test_no_ciphertext_is_no_message_under_any_key() -> None:
    """Under one key in 256 a lone zero block would seem to be padded: hence so many."""
    for number in range(1000):
        with pytest.raises(DecryptError, match="ciphertext of 0 bytes"):
            Decryptor(number.to_bytes(16, "big")).decrypt(b"")


def test_a_whole_block_of_padding_is_an_empty_message() -> None:
    assert Decryptor(KEY).decrypt(blocks(KEY, b"\x10" * 16)) == b""


def test_the_initial_key_is_that_of_the_document() -> None:
    assert INITIAL_KEY.hex() == "02de02a1a65cc794684fcbea1ecb0fd74ae657e43662c11eee885d2fd64f4964"
