"""One-time codes of a base-32 secret (RFC 6238, SHA-1, six digits, 30 seconds).

By hand, because pyotp refuses secrets below 112 bits, and those of 16 characters, as most apps show, have 80.
"""

import hmac
from base64 import b32decode
from collections.abc import Callable
from typing import Final

STEP_S: Final = 30

Otp = Callable[[float], str]  # the code at this moment, in seconds since 1970


class Totp:
    """The codes of one secret; blanks and small letters in it do not matter."""

    def __init__(self, secret: str) -> None:
        """ValueError, without the secret, for what is none."""
        letters = secret.replace(" ", "").rstrip("=").upper()
        try:
            self._key = b32decode(letters + "=" * (-len(letters) % 8))
        except ValueError:
            self._key = b""
        if not self._key:
            raise ValueError("the one-time secret is not base 32")

    def __repr__(self) -> str:
        return "Totp()"

    def __call__(self, now_s: float) -> str:
        """Six digits."""
        digest = hmac.digest(self._key, (int(now_s) // STEP_S).to_bytes(8, "big"), "sha1")
        place = digest[-1] & 15
        number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"
