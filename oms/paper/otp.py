"""One-time codes (RFC 6238, SHA-1, six digits, 30 seconds), as two-factor accounts use them.

By hand, because pyotp refuses secrets below 112 bits, and those of 16 characters have 80.
"""

import hmac
from base64 import b32decode
from typing import Final

STEP_S: Final = 30
WINDOW: Final = 1  # steps that a clock may be off


def code_fits(secret: str, code: str, utc_ms: int) -> bool:
    """Whether a code is that of the base-32 secret, now or one step off; no code fits what is no secret."""
    key = key_of(secret)
    if key is None or not code.isascii():
        return False
    now = utc_ms // 1000 // STEP_S
    steps = range(max(0, now - WINDOW), now + WINDOW + 1)
    return any(hmac.compare_digest(_code(key, step), code) for step in steps)


def key_of(secret: str) -> bytes | None:
    """The key that a base-32 secret stands for; blanks and small letters are as good.  None for none."""
    letters = secret.replace(" ", "").upper()
    try:
        return b32decode(letters + "=" * (-len(letters) % 8)) or None
    except ValueError:
        return None


def _code(key: bytes, step: int) -> str:
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
