"""One-time codes against RFC 6238's own table, and against pyotp."""

from base64 import b32encode

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.sessions.otp import Totp

# RFC 6238, appendix B: SHA-1, the last six of eight digits.
RFC = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize("now", RFC)
def test_the_table_of_the_rfc(now: int) -> None:
    assert Totp(b32encode(b"12345678901234567890").decode())(now + 0.9) == RFC[now]


@given(st.binary(min_size=14, max_size=40), st.integers(0, 2**33))
def test_as_pyotp(key: bytes, now: int) -> None:
    secret = b32encode(key).decode()
    assert Totp(secret)(now) == pyotp.TOTP(secret).at(now)


def test_a_secret_as_people_have_it() -> None:
    """Sixteen characters are 80 bits, which pyotp refuses."""
    assert Totp("jbsw y3dp ehpk 3pxp")(59) == Totp("JBSWY3DPEHPK3PXP")(59)


@pytest.mark.parametrize("secret", ["", "   ", "0189", "hunter2!", "JBSWY3DPEHPK3PX1"])
def test_what_is_no_secret_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^the one-time secret is not base 32$"):
        Totp(secret)


def test_a_secret_is_not_shown() -> None:
    assert repr(Totp("JBSWY3DPEHPK3PXP")) == "Totp()"
