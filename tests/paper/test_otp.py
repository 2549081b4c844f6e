import pyotp
import pytest

from oms.paper.otp import code_fits

RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890" in base 32


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_fits(RFC_KEY, code, seconds * 1000)
    assert not code_fits(RFC_KEY, f"{(int(code) + 1) % 10**6:06}", seconds * 1000)


def test_one_step_off_is_let_in_and_two_are_not() -> None:
    code = pyotp.TOTP(RFC_KEY).at(3000)
    fits = [code_fits(RFC_KEY, code, (3000 + shift) * 1000) for shift in (-60, -30, 0, 30, 60)]
    assert fits == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("secret", "code"), [("", "000000"), ("1890", "000000"), (RFC_KEY, ""), (RFC_KEY, "２８７０８２")]
)
def test_nonsense_fits_nothing(secret: str, code: str) -> None:
    assert not code_fits(secret, code, 59_000)


def test_short_secrets_and_loose_writing_are_taken() -> None:
    # HMAC-SHA-1 of step 1 under "1234567890" by openssl: ..., truncated at its offset 1 to 0x6028723c.
    assert code_fits("gezd gnbv gy3t qojq", f"{0x6028723C % 1_000_000:06}", 59_000)
