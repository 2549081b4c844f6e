"""Records of opening an account: applications, documents, answers, links (docs/protocol.md 4.12)."""

from typing import Annotated

from ..layout import (
    COUNTED,
    F64,
    I16,
    I64,
    IGNORED,
    SECRET,
    U8,
    U32,
    U64,
    Layout,
    Record,
    UnixMs,
    nested,
    raw,
    secret_text,
    text,
)


class Opening(Record, frozen=True):
    """An application for an account."""

    name: Annotated[str, text(256)] = ""  # first + space + second, ≤128
    group: Annotated[str, text(128)] = ""  # account group
    phone_password: Annotated[str, secret_text(64), SECRET] = ""  # ≤32
    country: Annotated[str, text(64)] = ""
    city: Annotated[str, text(64)] = ""
    state: Annotated[str, text(64)] = ""
    zipcode: Annotated[str, text(32)] = ""
    address: Annotated[str, text(256)] = ""
    phone: Annotated[str, text(64)] = ""
    email: Annotated[str, text(128)] = ""
    deposit: F64 = 0.0  # default 100000
    leverage: U32 = 0  # default 100
    reserved_zero: U32 = 0  # 0
    reserved_one: U32 = 0  # 1
    domain: Annotated[str, text(128)] = ""
    utm_campaign: Annotated[str, text(64)] = ""
    utm_source: Annotated[str, text(64)] = ""
    email_confirm_code: Annotated[U32, SECRET] = 0
    phone_confirm_code: Annotated[U32, SECRET] = 0
    first_name: Annotated[str, text(128)] = ""
    second_name: Annotated[str, text(128)] = ""
    agreements: U32 = 0  # accepted agreements mask


OPENING = Layout(Opening)


class Verification(Record, frozen=True):
    """Command 27."""

    build: I16 = 0  # of the terminal
    cid: Annotated[bytes, raw(16)] = b""  # client id, see §2.4
    opening: Annotated[Opening, nested(OPENING, inline=True)] = Opening()


VERIFICATION = Layout(Verification)


class VerificationNeeded(Record, frozen=True):
    """Answer of commands 27, 40: whether each needs, or found, its confirmation."""

    email: U8 = 0  # 27: the address must be confirmed; 40: its code was right
    phone: U8 = 0  # 27: the number must be confirmed; 40: its code was right


VERIFICATION_NEEDED = Layout(VerificationNeeded)


class RealExtension(Record, frozen=True):
    """What a real account asks beyond an application."""

    first_name: Annotated[str, text(128)] = ""
    second_name: Annotated[str, text(128)] = ""
    middle_name: Annotated[str, text(128)] = ""
    birth_date: UnixMs = 0  # FILETIME
    gender: U32 = 0
    language: Annotated[str, text(128)] = ""
    citizenship: Annotated[str, text(64)] = ""
    tax_id: Annotated[str, text(128)] = ""
    employment: U32 = 0
    industry: U32 = 0
    education: U32 = 0
    wealth: U32 = 0
    annual_income: U64 = 0
    net_worth: U64 = 0
    annual_deposit: U64 = 0
    experience_fx: U32 = 0
    experience_cfd: U32 = 0
    experience_futures: U32 = 0
    experience_stocks: U32 = 0
    reserved: Annotated[bytes, raw(512)] = b""  # 512 zero bytes


REAL_EXT = Layout(RealExtension)


class Document(Record, frozen=True):
    """A scanned document; its two files follow it."""

    data_type: U32 = 0
    document_type: U32 = 0
    front_name: Annotated[str, text(520)] = ""
    front_size: Annotated[U32, COUNTED] = 0  # bytes; the front file follows the record
    back_name: Annotated[str, text(520)] = ""
    back_size: Annotated[U32, COUNTED] = 0  # bytes; the back file follows the front file
    front: Annotated[bytes, SECRET] = b""  # front_size bytes
    back: Annotated[bytes, SECRET] = b""  # back_size bytes


DOCUMENT = Layout(Document)


class OpenResult(Record, frozen=True):
    """Answer of commands 30, 39."""

    code: U32 = 0  # 0 = opened
    login: I64 = 0  # new account
    password: Annotated[str, secret_text(32), SECRET] = ""
    investor_password: Annotated[str, secret_text(32), SECRET] = ""


OPEN_RESULT = Layout(OpenResult)


class TraderParameters(Record, frozen=True):
    """Answer of command 41."""

    trader_country: Annotated[str, text(32)] = ""
    trader_currency: Annotated[str, text(32)] = ""


TRADER_PARAMETERS = Layout(TraderParameters)


class Link(Record, frozen=True):
    """A link of the broker."""

    type: U32 = 0
    url: Annotated[str, text(512)] = ""
    label: Annotated[str, text(512)] = ""
    flags: U32 = 0
    icon: Annotated[bytes, raw(256), IGNORED] = b""  # ignored by this client


LINK = Layout(Link)


class Filetime(Record, frozen=True):
    """A FILETIME on its own."""

    unix_ms: UnixMs = 0  # 100 ns since 1601-01-01 UTC, floored to milliseconds


FILETIME_RECORD = Layout(Filetime)
