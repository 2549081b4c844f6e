"""How a terminal says who it is: login, two-factor set-up, client id (docs/protocol.md 2.4, 4.1, 4.10)."""

from hashlib import sha1
from string import hexdigits
from typing import Final

from .records.access import Init, Login, OtpSetup

TICKET_DIGITS: Final = 320
OTP_SETUP_VERSION: Final = 5
URL_LIMIT: Final = 128


def login(
    account: int, password: str, *, session: int = 0, otp: str = "", cid: bytes = b"", url: str = ""
) -> Login:
    """The login of an account.

    A password of exactly 320 hex digits is a ticket: it is sent as such, the password field stays empty.
    `session` is the number that came with the ticket, `url` the host name of the referring page.
    """
    plain, ticket = _told_apart(password)
    return Login(
        password=plain,
        password_ticket=ticket or b"",
        login=account,
        session=session,
        otp=otp,
        cid=cid,
        url=url,
        url_length=_units(url),
    )


def init(*, cid: bytes = b"", url: str = "") -> Init:
    """The start of a session without an account."""
    return Init(cid=cid, url=url, url_length=_units(url))


def enable_two_factor(account: int, password: str, secret: str, check: str, *, cid: bytes = b"") -> OtpSetup:
    """Switch two-factor authentication on; `check` is a code computed from the new base-32 `secret`."""
    plain, ticket = _told_apart(password)
    return OtpSetup(
        version=OTP_SETUP_VERSION,
        login=account,
        password=plain,
        password_ticket=ticket,
        otp_secret=secret,
        otp_secret_check=check,
        cid=cid,
    )


def disable_two_factor(account: int, password: str, otp: str, *, cid: bytes = b"") -> OtpSetup:
    """Switch two-factor authentication off; `otp` is a current code."""
    plain, ticket = _told_apart(password)
    return OtpSetup(
        version=OTP_SETUP_VERSION, login=account, password=plain, password_ticket=ticket, otp=otp, cid=cid
    )


def client_id(platform: str, pixel_ratio: str, language: str, width: int, height: int, uniq: int) -> bytes:
    """The 16 bytes by which a terminal is known again; `uniq` is drawn once, below 10^6, and kept."""
    size = f"{max(width, height)}x{min(width, height)}"
    told = f"{platform};{pixel_ratio};{language};{size};{uniq}"
    return sha1(told.encode(), usedforsecurity=False).digest()[:16]


def _told_apart(password: str) -> tuple[str, bytes | None]:
    if len(password) == TICKET_DIGITS and set(password) <= set(hexdigits):
        return "", bytes.fromhex(password)
    return password, None


def _units(url: str) -> int:
    return min(len(url.encode("utf-16-le", "surrogatepass")) // 2, URL_LIMIT)
