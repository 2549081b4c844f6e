"""Sizes, strings, numbers, errors and reprs of records."""

import math
import struct
import tracemalloc
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from rich.console import Console

from protocol.errors import LocalProtocolError, ProtocolError, Truncated
from protocol.layout import F64, HIDDEN, SECRET, U32, Layout, Record, is_secret, raw, secret_names, text
from protocol.messages import Late, Refused, Request, Unknown, Unsolicited
from protocol.records import access, account, market, onboarding, symbols, trade
from protocol.records.access import BootstrapAnswer, ChangePassword, Init, Login, LoginAnswer, OtpSetup
from protocol.records.onboarding import Filetime, Opening, OpenResult
from protocol.records.trade import Order, Position, TradeOutcome, TradeRequest
from tests.strategies import LAYOUTS

# docs/protocol.md 3, copied by hand.
SIZES = {
    access.INIT: 744,
    access.LOGIN: 912,
    account.ACCOUNT_MAIN: 816,
    account.TRADE_SETTINGS: 628,
    account.LEVERAGE_RULE: 300,
    account.LEVERAGE_TIER: 32,
    account.COMMISSION: 304,
    account.COMMISSION_TIER: 80,
    trade.POSITION: 344,
    trade.ORDER: 356,
    trade.DEAL: 356,
    symbols.SYMBOL: 526,
    symbols.FULL_SYMBOL: 3068,
    market.TICK: 50,
    market.STATISTICS: 274,
    market.RATE: 48,
    trade.TRADE_REQUEST: 248,
    trade.TRADE_RESULT: 128,
    market.BOOK_HEAD: 22,
    market.BOOK_LEVEL: 21,
    symbols.SPREAD: 28,
    symbols.SPREAD_LEG: 88,
    access.CHANGE_PASSWORD: 129,
    access.OTP_SETUP: 476,
    market.RATES_REQUEST: 74,
    onboarding.OPENING: 1664,
    onboarding.REAL_EXT: 1284,
    onboarding.DOCUMENT: 1056,
    onboarding.OPEN_RESULT: 76,
    onboarding.LINK: 1288,
    # From the text of 2.2, 4.1, 5.3, 5.4 and 3: what the list of sizes leaves out.
    access.BOOTSTRAP_REQUEST: 64,
    access.BOOTSTRAP_ANSWER: 66,
    access.LOGIN_ANSWER: 160,
    access.NOTIFY: 4,
    access.PASSWORD_CHANGED: 4,
    onboarding.VERIFICATION: 1682,
    onboarding.VERIFICATION_NEEDED: 2,
    onboarding.TRADER_PARAMETERS: 64,
    onboarding.FILETIME_RECORD: 8,
    symbols.SYMBOL_GROUP: 256,
    symbols.SUBSCRIPTION: 8,
    symbols.SPREAD_GROUP: 4,
    trade.ORDER_TRANSACTION: 368,
    trade.DEAL_TRANSACTION: 752,
    trade.TRADE_ANSWER: 4,
    trade.TRADE_OUTCOME: 380,
    trade.HISTORY_REQUEST: 8,
    trade.SERVER_LINK: 4,
}


@pytest.mark.parametrize(("layout", "size"), SIZES.items(), ids=[repr(layout) for layout in SIZES])
def test_a_record_has_the_size_of_the_document(layout: Layout[Any], size: int) -> None:
    assert layout.size == size
    assert len(layout.dump(layout.record())) == size


def test_every_layout_has_its_size_checked() -> None:
    assert set(LAYOUTS.values()) == set(SIZES)


def short(size: int = 8) -> Layout[Any]:
    class Short(Record, frozen=True):
        word: Annotated[str, text(size)] = ""

    # get_type_hints looks in the module for a class's annotations: this one is local.
    return Layout(Short)


WORD = short()


def written(value: str) -> bytes:
    return WORD.dump(WORD.record(word=value))


def read(body: bytes) -> str:
    return str(WORD.load(body).word)


def test_a_full_string_has_no_terminator() -> None:
    assert written("abcd") == b"a\0b\0c\0d\0"
    assert read(b"a\0b\0c\0d\0") == "abcd"


def test_a_short_string_is_padded_with_zeros() -> None:
    assert written("a") == b"a\0\0\0\0\0\0\0"


def test_reading_stops_at_the_first_zero_unit() -> None:
    assert read(b"a\0\0\0c\0d\0") == "a"
    assert read(b"\0\0b\0c\0d\0") == ""
    assert read(b"a\1\0\1c\0\0\0") == "\u0161\u0100c"  # a zero byte is no zero unit


def test_a_long_string_is_cut_by_code_unit_though_it_splits_a_pair() -> None:
    assert written("abcdef") == b"a\0b\0c\0d\0"
    assert written("abc\U0001f642") == b"a\0b\0c\0\x3d\xd8"
    assert read(written("abc\U0001f642")) == "abc\ud83d"


@pytest.mark.parametrize("value", ["\ud83d", "a\ude42\ud83d", "\ud83dx", "\U0001f642"])
def test_surrogates_survive_both_ways(value: str) -> None:
    assert read(written(value)) == value


@pytest.mark.slow
def test_any_number_of_strings_is_read_in_bounded_memory() -> None:
    layout = short(16)
    tracemalloc.start()
    try:
        for number in range(80_000):
            wire = f"{number:<8}".encode("utf-16-le")
            assert layout.load(wire).word == f"{number:<8}"
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 8 * 2**20


def test_bytes_are_padded_when_short_and_refused_when_long() -> None:
    assert access.BOOTSTRAP_REQUEST.dump(access.BootstrapRequest(b"\1")) == b"\1" + bytes(63)
    with pytest.raises(LocalProtocolError) as caught:
        access.BOOTSTRAP_REQUEST.dump(access.BootstrapRequest(bytes(65)))
    assert (caught.value.code, caught.value.field) == ("out_of_range", "token")


@pytest.mark.parametrize(
    ("record", "field", "code"),
    [
        (Position(position_id=2**63), "position_id", "out_of_range"),
        (Position(trade_volume=-1), "trade_volume", "out_of_range"),
        (Position(time_create=2**32), "time_create", "out_of_range"),
        (Position(time_create=10**30), "time_create", "out_of_range"),
        (Position(time_create="1"), "time_create", "bad_value"),  # type: ignore[arg-type]
        (Position(time_create=1.0), "time_create", "out_of_range"),  # type: ignore[arg-type]
        (Position(time_create=None), "time_create", "bad_value"),  # type: ignore[arg-type]
        (Position(price_open="1"), "price_open", "bad_value"),  # type: ignore[arg-type]
        (Position(price_open=10**400), "price_open", "out_of_range"),
        (Position(trade_symbol=b"EURUSD"), "trade_symbol", "bad_value"),  # type: ignore[arg-type]
        (Position(trade_symbol=None), "trade_symbol", "bad_value"),  # type: ignore[arg-type]
        (Init(cid="x"), "cid", "bad_value"),  # type: ignore[arg-type]
        (Init(cid=bytes(17)), "cid", "out_of_range"),
        (Filetime(unix_ms=-11_644_473_600_001), "unix_ms", "out_of_range"),
        (market.RatesRequest(from_=2**31), "from", "out_of_range"),
        (account.TradeSettings(swap_rates=(1.0,)), "swap_rates", "bad_value"),
        (account.TradeSettings(swap_rates=(1.0,) * 6 + (None,)), "swap_rates", "bad_value"),  # type: ignore[arg-type]
        (TradeOutcome(request=TradeRequest(digits=-1)), "request.digits", "out_of_range"),
        (TradeOutcome(request=TradeRequest(comment=5)), "request.comment", "bad_value"),  # type: ignore[arg-type]
        (TradeOutcome(request=None), "request", "bad_value"),  # type: ignore[arg-type]
        (symbols.FullSymbol(schedule=symbols.Schedule(((),))), "schedule", "bad_value"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_field(record: Record, field: str, code: str) -> None:
    layout = next(layout for layout in LAYOUTS.values() if layout.record is type(record))
    with pytest.raises(LocalProtocolError, match=field) as caught:
        layout.dump(record)
    assert (caught.value.field, caught.value.code) == (field, code)


def test_an_inline_record_tells_its_fields_as_its_own() -> None:
    with pytest.raises(LocalProtocolError, match=r"^leverage: does not fit u32") as caught:
        onboarding.VERIFICATION.dump(onboarding.Verification(opening=Opening(leverage=-1)))
    assert caught.value.field == "leverage"


def test_a_value_of_another_class_is_no_record() -> None:
    with pytest.raises(LocalProtocolError, match=r"^not a Position$"):
        trade.POSITION.dump(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_one_byte_less_is_truncated_and_says_so(layout: Layout[Any]) -> None:
    whole = layout.dump(layout.record())
    with pytest.raises(Truncated, match=f"{layout.record.__name__}: {len(whole) - 1} of {len(whole)}"):
        layout.load(whole[:-1])
    with pytest.raises(Truncated):
        layout.load(whole, 1)


def test_filetimes_count_from_1601_and_are_floored_to_milliseconds() -> None:
    def unix_ms(ticks: int) -> int:
        return onboarding.FILETIME_RECORD.load(struct.pack("<Q", ticks)).unix_ms

    assert unix_ms(0) == -11_644_473_600_000
    assert unix_ms(116_444_736_000_000_000) == 0
    assert unix_ms(116_444_736_000_009_999) == 0
    assert unix_ms(116_444_735_999_999_999) == -1
    assert onboarding.FILETIME_RECORD.dump(Filetime(1)) == struct.pack("<Q", 116_444_736_000_010_000)


def test_doubles_keep_their_bits_and_nan_is_quiet() -> None:
    assert trade.POSITION.dump(Position(sl=math.nan))[108:116].hex() == "000000000000f87f"
    assert trade.POSITION.load(trade.POSITION.dump(Position(sl=-0.0))).sl.hex() == "-0x0.0p+0"


def test_fields_without_a_kind_are_not_on_the_wire() -> None:
    assert "tiers" not in [field.name for field in account.LEVERAGE_RULE.fields]
    assert account.LEVERAGE_RULE.load(bytes(300), 0, [account.LeverageTier(1.0)]).tiers == [
        account.LeverageTier(1.0)
    ]


def test_a_layout_without_converters_makes_its_records_all_the_same() -> None:
    class Two(Record, frozen=True):
        one: U32 = 0
        two: F64 = 0.0

    layout = Layout(Two)
    assert layout.load_many(struct.pack("<IdId", 1, 2.0, 3, 4.0)) == [Two(1, 2.0), Two(3, 4.0)]


# Secrets.

WORDS = ("Canary#1", "Canary#2", "Canary#3", "Canary#4")
LEAKS = [b"CANARY-A" * 20, b"CANARY-B" * 8, b"CANARY-C" * 4]
SECRETS: list[tuple[Record, list[str]]] = [
    (access.BootstrapRequest(LEAKS[1]), ["token"]),
    (BootstrapAnswer(5687, LEAKS[1], LEAKS[2]), ["token", "key"]),
    (Init(password=WORDS[0], otp=WORDS[1]), ["password", "otp"]),
    (
        Login(password=WORDS[0], otp=WORDS[1], password_ticket=LEAKS[0], session=777_111_777_111),
        ["password", "otp", "password_ticket", "session"],
    ),
    (LoginAnswer(LEAKS[0], 777_111_777_111), ["password_ticket", "session"]),
    (ChangePassword(0, WORDS[0], WORDS[1]), ["new_password", "old_password"]),
    (
        OtpSetup(5, 1, *WORDS, password_ticket=LEAKS[0]),
        ["password", "otp", "otp_secret", "otp_secret_check", "password_ticket"],
    ),
    (
        Opening(phone_password=WORDS[0], email_confirm_code=777_111_777, phone_confirm_code=777_111_778),
        ["phone_password", "email_confirm_code", "phone_confirm_code"],
    ),
    (OpenResult(0, 1, WORDS[0], WORDS[1]), ["password", "investor_password"]),
]
NESTED = onboarding.Verification(1, b"", Opening(phone_password=WORDS[0]))


def rendered(value: object) -> str:
    console = Console(width=500, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(value)
        return console.export_text()


@pytest.mark.parametrize("show", [repr, str, "{}".format, rendered], ids=["repr", "str", "format", "rich"])
@pytest.mark.parametrize(
    "record", [*(record for record, _ in SECRETS), NESTED], ids=lambda r: type(r).__name__
)
def test_a_secret_is_shown_nowhere(record: Record, show: Callable[[object], str]) -> None:
    for value in (record, [record], Request(28, record)):
        shown = show(value)
        assert type(record).__name__ in shown
        assert "anary" not in shown
        assert "CANARY" not in shown
        assert "777" not in shown


@pytest.mark.parametrize(("record", "names"), SECRETS, ids=[type(r).__name__ for r, _ in SECRETS])
def test_every_secret_that_is_set_shows_as_hidden(record: Record, names: list[str]) -> None:
    assert {name for name, value in record.__rich_repr__() if value == HIDDEN} == set(names)
    assert secret_names(type(record)) == set(names)


def test_records_with_secrets_are_all_known() -> None:
    """A new password field needs its mark: whatever is named like one must have it."""
    telling = ("password", "otp", "ticket", "token", "key", "secret", "confirm_code")
    plain = {"auth_password_min", "otp_status"}
    for layout in LAYOUTS.values():
        for name in layout.record.__struct_fields__:
            if any(word in name for word in telling) and name not in plain:
                assert name in secret_names(layout.record), f"{layout.record.__name__}.{name}"


def test_an_empty_secret_shows_that_it_is_empty() -> None:
    assert "password=''" in repr(Login())
    assert HIDDEN not in repr(Login())


@pytest.mark.parametrize(
    "act",
    [
        lambda: access.LOGIN.dump(Login(password=WORDS[0], password_ticket=LEAKS[0] + b"1")),
        lambda: access.LOGIN.dump(Login(password=LEAKS[0])),  # type: ignore[arg-type]
        lambda: access.LOGIN.dump(Login(session=WORDS[0])),  # type: ignore[arg-type]
        lambda: access.LOGIN.load(access.LOGIN.dump(Login(password=WORDS[0]))[:-1]),
        lambda: onboarding.OPEN_RESULT.load(WORDS[0].encode("utf-16-le")),
    ],
)
def test_an_error_holds_no_secret(act: Callable[[], object]) -> None:
    with pytest.raises(ProtocolError) as caught:
        act()
    told = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {vars(caught.value)}"
    assert "anary" not in told
    assert "CANARY" not in told


def test_messages_show_no_body() -> None:
    request = Request(28, Login(password=WORDS[0]))
    for message in (
        Refused(28, 3, LEAKS[0], request),
        Unsolicited(28, 0, LEAKS[0]),
        Late(28, 0, LEAKS[0], request),
        Unknown(52, None, LEAKS[0]),
    ):
        assert "anary" not in f"{message!r} {message}".lower()
        assert "160 bytes" in repr(message)


def test_a_secret_field_is_marked_beside_its_kind() -> None:
    assert is_secret(Annotated[bytes, raw(4), SECRET])
    assert not is_secret(Annotated[bytes, raw(4)])
    assert not is_secret(bytes)


def test_the_record_of_an_order_reads_back_field_by_field() -> None:
    """Independent of Layout: packed here with struct, by the table of 4.3."""
    wire = struct.pack(
        "<q64s64s7I5d2qI2q64sd2I3dI2i",
        *(11, "ext".encode("utf-16-le"), "EURUSD".encode("utf-16-le"), 1, 2, 3, 4, 1, 2, 17),
        *(1.1, 1.2, 1.3, 1.4, 1.5, 100, -50, 3, -7, 8, "hi".encode("utf-16-le"), 1e5, 5, 2),
        *(0.1, 0.2, 0.3, 1, 250, -1),
    )
    assert len(wire) == 356
    assert trade.ORDER.load(wire) == Order(
        trade_order=11,
        order_id="ext",
        trade_symbol="EURUSD",
        time_setup=1,
        time_expiration=2,
        time_done=3,
        order_type=4,
        type_filling=1,
        type_time=2,
        type_reason=17,
        price_order=1.1,
        price_trigger=1.2,
        price_current=1.3,
        price_sl=1.4,
        price_tp=1.5,
        volume_initial=100,
        volume_current=-50,
        order_state=3,
        expert=-7,
        position_id=8,
        comment="hi",
        contract_size=1e5,
        digits=5,
        digits_currency=2,
        commission_daily=0.1,
        commission_monthly=0.2,
        margin_rate=0.3,
        activation_mode=1,
        time_setup_msc=250,
        time_done_msc=-1,
    )
