"""AES-CBC with a zero IV for every message, PKCS#7 padding (docs/protocol.md 2.1).

One context per key and direction is kept for the whole session instead of one per message, which is 4 to 10
times faster.  It works because all that a CBC context remembers is the last ciphertext block: a decryptor is
fed a zero block first, which makes the next block decrypt as under a zero IV; an encryptor gets its first
plaintext block xored with the block it remembers, which cancels it.

Not for several threads at once: each direction of each session owns its own.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from .errors import DecryptError, LocalProtocolError

BLOCK: Final = 16
KEY_SIZES: Final = (16, 24, 32)

# Both directions of the bootstrap exchange.  Every client carries it: it hides nothing.
INITIAL_KEY: Final = bytes.fromhex("02de02a1a65cc794684fcbea1ecb0fd74ae657e43662c11eee885d2fd64f4964")

_ZERO: Final = bytes(BLOCK)
# By last byte: what the plaintext must end with.  A last byte that no padding has gets an ending that
# contradicts it, so that one comparison judges both.
_PADDING: Final = [bytes([byte]) * byte if 0 < byte <= BLOCK else bytes([byte ^ 1]) for byte in range(256)]


def _cipher(key: bytes) -> Cipher[CBC]:
    if len(key) not in KEY_SIZES:
        raise LocalProtocolError(f"key: {len(key)} bytes, AES has 16, 24 or 32", field="key")
    return Cipher(AES(key), CBC(_ZERO))


class Encryptor:
    """One direction under one key."""

    __slots__ = ("_remembered", "_update")

    def __init__(self, key: bytes) -> None:
        self._update = _cipher(key).encryptor().update
        self._remembered = 0  # the last ciphertext block, as a number

    def encrypt(self, plaintext: bytes) -> bytes:
        """The ciphertext of one message."""
        size = BLOCK - len(plaintext) % BLOCK
        padded = plaintext + _PADDING[size]
        first = int.from_bytes(padded[:BLOCK], "little") ^ self._remembered
        ciphertext = self._update(first.to_bytes(BLOCK, "little") + padded[BLOCK:])
        self._remembered = int.from_bytes(ciphertext[-BLOCK:], "little")
        return ciphertext


class Decryptor:
    """One direction under one key."""

    __slots__ = ("decrypt",)

    decrypt: Callable[[bytes], bytes]
    """The plaintext of one message, or `DecryptError`, which leaves the next message readable."""

    def __init__(self, key: bytes) -> None:
        self.decrypt = _decryption(key)


def _decryption(key: bytes) -> Callable[[bytes], bytes]:
    """`Decryptor.decrypt`, as a closure: looking up its parts on every frame would cost a tenth."""
    update, zero, paddings = _cipher(key).decryptor().update, _ZERO, _PADDING

    def decrypt(ciphertext: bytes) -> bytes:
        if not ciphertext or len(ciphertext) % BLOCK:  # fed, it would shift every message behind it
            raise DecryptError(f"ciphertext of {len(ciphertext)} bytes, not a positive multiple of {BLOCK}")
        padded = update(zero + ciphertext)
        padding = padded[-1]
        if not padded.endswith(paddings[padding]):
            raise DecryptError("padding does not fit: another key, or not a ciphertext")
        return padded[BLOCK:-padding]

    return decrypt
