"""Ed25519 keys as text: the secret one for the daemon, the public one for whoever checks.

Both say what they are, so that neither is taken for the other: `ed25519-secret:` or `ed25519:`, and 32 bytes
in base64 without padding, as URLs have it.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SECRET: Final = "ed25519-secret:"  # noqa: S105 - what a secret begins with
PUBLIC: Final = "ed25519:"
BASE64: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class BadKey(ValueError):
    """A text that is no such key; it is not repeated, for it may be a secret under the wrong name."""


class SigningKey:
    """The secret half; nothing shows it but `text`."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PUBLIC + _text(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new one."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_text(cls, text: str) -> "SigningKey":
        """Raises BadKey."""
        return cls(Ed25519PrivateKey.from_private_bytes(_bytes(text, SECRET)))

    @property
    def text(self) -> str:
        """The secret itself."""
        return SECRET + _text(self._key.private_bytes_raw())

    def sign(self, message: bytes) -> str:
        """The signature, 64 bytes in base64."""
        return _text(self._key.sign(message))

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"


def is_secret(text: str) -> bool:
    """Whether a text is a secret key."""
    return text.startswith(SECRET) and bool(BASE64.fullmatch(text.removeprefix(SECRET)))


def is_public(text: str) -> bool:
    """Whether a text is a public key."""
    return text.startswith(PUBLIC) and bool(BASE64.fullmatch(text.removeprefix(PUBLIC)))


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether the signature of a message was made with the secret half of `public`.  Raises BadKey."""
    key = Ed25519PublicKey.from_public_bytes(_bytes(public, PUBLIC))
    try:
        key.verify(urlsafe_b64decode(_padded(signature)), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes(text: str, begin: str) -> bytes:
    if not (is_secret if begin == SECRET else is_public)(text):
        raise BadKey(f"must be {begin} and 43 letters of base64, as `oms keys init` writes it")
    return urlsafe_b64decode(_padded(text.removeprefix(begin)))


def _text(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
