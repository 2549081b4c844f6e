"""Records of getting in: bootstrap, login, passwords, two-factor set-up (docs/protocol.md 2.2, 4.1, 4.9)."""

from typing import Annotated

from ..enums import PasswordKind
from ..layout import I32, IGNORED, SECRET, U16, U32, U64, Layout, Record, raw, secret_text, text, u8


class BootstrapRequest(Record, frozen=True):
    """Command 0: the token of the last session, or zeros."""

    token: Annotated[bytes, raw(64), SECRET] = b""  # the last received one, or zeros


BOOTSTRAP_REQUEST = Layout(BootstrapRequest)


class BootstrapAnswer(Record, frozen=True):
    """Answer of command 0; the session key is the rest of the body."""

    server_word: Annotated[U16, IGNORED] = 0  # ignored by the client
    token: Annotated[bytes, raw(64), SECRET] = b""  # for the next bootstrap
    key: Annotated[bytes, SECRET] = b""  # the session key, 16, 24 or 32 bytes: the rest of the body


BOOTSTRAP_ANSWER = Layout(BootstrapAnswer)


class Init(Record, frozen=True):
    """Command 29, a session without an account; also the first part of a login."""

    version: U32 = 0  # terminal build; the web client always sends 0 here [R]
    password: Annotated[str, secret_text(64), SECRET] = ""  # plain; empty with a ticket
    otp: Annotated[str, secret_text(128), SECRET] = ""  # one-time code, ≤64 units
    cid: Annotated[bytes, raw(16)] = b""  # client id, see §2.4
    utm_campaign: Annotated[str, text(64)] = ""  # page query parameter, ≤32 units
    utm_source: Annotated[str, text(64)] = ""  # page query parameter, ≤32 units
    lead_cookie_id: U64 = 0  # 0
    lead_affiliate_site: Annotated[str, text(128)] = ""  # empty in this client
    url_length: U32 = 0  # min(length of url, 128), counted in UTF-16 units
    url: Annotated[str, text(256)] = ""  # host name of the referring page, ≤128 units
    login: U64 = 0  # account number


INIT = Layout(Init)


class Login(Init, frozen=True):
    """Command 28."""

    password_ticket: Annotated[bytes, raw(160), SECRET] = b""  # of an earlier login, or zeros
    session: Annotated[U64, SECRET] = 0  # value from an earlier login response, else 0


LOGIN = Layout(Login)


class LoginAnswer(Record, frozen=True):
    """Answer of command 28."""

    password_ticket: Annotated[bytes, raw(160), SECRET] = b""  # stands for the password at the next login
    session: Annotated[int | None, SECRET] = 0  # u64; None where the body ended before it


LOGIN_ANSWER = Layout(LoginAnswer)


class ChangePassword(Record, frozen=True):
    """Command 24."""

    is_investor: Annotated[int, u8(PasswordKind)] = 0  # 0 main, 1 investor password
    new_password: Annotated[str, secret_text(64), SECRET] = ""  # ≤32 units
    old_password: Annotated[str, secret_text(64), SECRET] = ""  # ≤32 units


CHANGE_PASSWORD = Layout(ChangePassword)


class OtpSetup(Record, frozen=True):
    """Command 43: two-factor authentication on or off."""

    version: U32 = 0  # constant 5
    login: U64 = 0
    password: Annotated[str, secret_text(64), SECRET] = ""
    otp: Annotated[str, secret_text(128), SECRET] = ""  # current code: only when switching 2FA off
    otp_secret: Annotated[str, secret_text(128), SECRET] = ""  # new base-32 secret: only when switching on
    otp_secret_check: Annotated[str, secret_text(128), SECRET] = ""  # code computed from the new secret
    cid: Annotated[bytes, raw(16)] = b""  # client id
    password_ticket: Annotated[bytes | None, SECRET] = None  # 160 bytes, only where the password is a ticket


OTP_SETUP = Layout(OtpSetup)


class Notify(Record, frozen=True):
    """Command 42."""

    notify: U32 = 0  # 1 = risk warning accepted


NOTIFY = Layout(Notify)


class PasswordChanged(Record, frozen=True):
    """Answer of command 24."""

    result: I32 = 0  # 0 = changed


PASSWORD_CHANGED = Layout(PasswordChanged)
