"""Bodies built by hand from the document, read, and written back."""

import gzip
import itertools
import tracemalloc
import zlib
from struct import pack
from typing import Any

import pytest

from protocol.account_body import Account
from protocol.bodies import Batch, Body
from protocol.commands import COMMANDS
from protocol.composed import CompressedSymbols, RealOpening
from protocol.errors import LocalProtocolError, RemoteProtocolError, Truncated
from protocol.records.access import BootstrapAnswer, LoginAnswer, OtpSetup
from protocol.records.account import (
    AccountMain,
    Commission,
    CommissionTier,
    LeverageRule,
    LeverageTier,
    TradeSettings,
)
from protocol.records.market import TICK, Book, BookLevel, Rate, Tick
from protocol.records.onboarding import Document, Opening, RealExtension
from protocol.records.symbols import Spread, SpreadGroup, SpreadLeg, Symbol
from protocol.records.trade import (
    Deal,
    DealTransaction,
    History,
    OpenTrades,
    Order,
    OrderTransaction,
    Position,
)
from tests.strategies import BODIES


def request(number: int) -> Body[Any]:
    return COMMANDS[number].request  # type: ignore[return-value]


def answer(number: int) -> Body[Any]:
    return COMMANDS[number].answer  # type: ignore[return-value]


def push(number: int) -> Body[Any]:
    return COMMANDS[number].push  # type: ignore[return-value]


def unread(body: Body[Any], raw: bytes) -> int:
    return body.decode(raw)[1].unread


def misfit(body: Body[Any], value: Any) -> tuple[str, str | None]:
    with pytest.raises(LocalProtocolError) as caught:
        body.encode(value)
    return caught.value.code, caught.value.field


def cut(body: Body[Any], raw: bytes) -> str | None:
    with pytest.raises(Truncated) as caught:
        body.decode(raw)
    return caught.value.field


# 2.2, 4.1, 4.10: bodies that may end early.


@pytest.mark.parametrize("size", [16, 24, 32])
def test_the_session_key_is_the_rest_of_the_bootstrap_answer(size: int) -> None:
    raw = pack("<H64s", 5687, b"token") + b"k" * size
    value, _ = answer(0).decode(raw)
    assert value == BootstrapAnswer(5687, b"token".ljust(64, b"\0"), b"k" * size)
    assert answer(0).encode(value) == raw


@pytest.mark.parametrize(
    ("size", "code"), [(0, "truncated"), (15, "truncated"), (17, "bad_value"), (33, "bad_value")]
)
def test_a_session_key_of_no_aes_length_is_refused_both_ways(size: int, code: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        answer(0).decode(bytes(66 + size))
    assert (caught.value.code, caught.value.field) == (code, "key")
    misfits = "bad_value" if size <= 32 else "out_of_range"
    assert misfit(answer(0), BootstrapAnswer(key=bytes(size))) == (misfits, "key")


def test_a_login_answer_may_lack_its_session() -> None:
    assert answer(28).decode(b"t" * 160)[0] == LoginAnswer(b"t" * 160, None)
    assert answer(28).decode(b"t" * 160 + pack("<Q", 2**64 - 1))[0] == LoginAnswer(b"t" * 160, 2**64 - 1)
    assert answer(28).encode(LoginAnswer(b"t" * 160, None)) == b"t" * 160
    assert unread(answer(28), bytes(167)) == 7
    assert cut(answer(28), bytes(159)) == "password_ticket"
    assert misfit(answer(28), LoginAnswer(b"", 2**64)) == ("out_of_range", "session")
    assert misfit(answer(28), LoginAnswer(b"", -1)) == ("out_of_range", "session")


def test_a_ticket_may_follow_a_two_factor_request() -> None:
    assert request(43).decode(bytes(476))[0] == OtpSetup(cid=bytes(16))
    assert request(43).decode(bytes(476) + b"t" * 160)[0].password_ticket == b"t" * 160
    assert unread(request(43), bytes(476 + 159)) == 159
    assert request(43).encode(OtpSetup(password_ticket=b"t")) == bytes(476) + b"t" + bytes(159)
    assert misfit(request(43), OtpSetup(password_ticket=bytes(161))) == ("out_of_range", "password_ticket")


# 4.2: the account, part by part.

MAIN = bytes(816)
OVERRIDE = pack("<256s", "*".encode("utf-16-le")) + bytes(372)
RULE = pack("<256sI32sIi", b"R\0", 3, b"U\0", 2, 1) + pack("<4d", 0, 1.5, 0.01, 0.02)
COMMISSION = pack("<256s3I32sI", b"C\0", 1, 2, 3, b"U\0", 4) + pack("<I", 1)
COMMISSION_STEP = pack("<2I5d32s", 1, 2, 0.5, 0, 1, 0.1, 9.0, b"E\0")
PARTS = [
    pack("<I", 1) + OVERRIDE,
    pack("<i", 128),
    pack("<i", -2),
    pack("<Q", 2**64 - 1),
    pack("<i", 1) + RULE,
    pack("<I", 1) + COMMISSION + COMMISSION_STEP,
]
WHOLE = Account(
    AccountMain(),
    [TradeSettings(symbol_path="*")],
    128,
    -2,
    2**64 - 1,
    [LeverageRule("R", 3, "U", 2, 1, [LeverageTier(0, 1.5, 0.01, 0.02)])],
    [Commission("C", 1, 2, 3, "U", 4, [CommissionTier(1, 2, 0.5, 0, 1, 0.1, 9.0, "E")])],
)


@pytest.mark.parametrize("number", range(len(PARTS) + 1))
def test_an_account_may_end_behind_every_part(number: int) -> None:
    raw = MAIN + b"".join(PARTS[:number])
    names = WHOLE.__struct_fields__[1:]
    account, drift = answer(3).decode(raw)
    assert [getattr(account, n) for n in names[:number]] == [getattr(WHOLE, n) for n in names[:number]]
    assert [getattr(account, n) for n in names[number:]] == [None] * (6 - number)
    assert not drift
    assert answer(3).encode(account) == push(14).encode(account) == raw


def test_an_account_cut_anywhere_else_is_truncated() -> None:
    raw = MAIN + b"".join(PARTS)
    whole = set(itertools.accumulate([len(MAIN), *map(len, PARTS)]))
    for size in [*range(0, 800, 97), *range(810, len(raw))]:
        if size not in whole:
            with pytest.raises(Truncated):
                answer(3).decode(raw[:size])
    assert unread(answer(3), raw + b"xyz") == 3


def test_no_overrides_the_same_four_bytes_are_read_as_trade_flags() -> None:
    raw = MAIN + pack("<I", 0) + pack("<i", 7)
    account, drift = answer(3).decode(raw)
    assert (account.trade_settings, account.trade_flags, account.symbols_count) == ([], 0, 7)
    assert not drift
    assert answer(3).encode(account) == raw
    assert answer(3).encode(Account(trade_settings=[])) == MAIN + bytes(4)


def test_no_overrides_allow_no_flags_of_their_own() -> None:
    assert misfit(answer(3), Account(trade_settings=[], trade_flags=128)) == ("bad_value", "trade_flags")


def test_encoding_an_account_stops_at_the_first_missing_part() -> None:
    assert answer(3).encode(Account(trade_flags=1, symbols_count=2)) == MAIN
    one = [TradeSettings(symbol_path="*")]
    assert answer(3).encode(Account(trade_settings=one, symbols_count=2)) == MAIN + PARTS[0]
    rules = Account(trade_settings=one, trade_flags=128, leverage_rules=[])
    assert answer(3).encode(rules) == MAIN + PARTS[0] + PARTS[1]


def test_a_negative_rule_count_reads_as_none() -> None:
    raw = MAIN + b"".join(PARTS[:4]) + pack("<i", -1)
    account, drift = answer(3).decode(raw)
    assert (account.leverage_rules, account.commissions, drift.unread) == ([], None, 0)


def test_a_negative_tier_count_reads_as_none() -> None:
    rule = pack("<256sI32sIi", b"R\0", 3, b"U\0", 2, -5)
    account, drift = answer(3).decode(MAIN + b"".join(PARTS[:4]) + pack("<i", 1) + rule)
    assert [(r.path, r.tiers) for r in account.leverage_rules] == [("R", [])]
    assert not drift


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        (0, pack("<I", 2) + OVERRIDE, "trade_settings"),
        (4, pack("<i", 2) + RULE, "leverage_rules"),
        (4, pack("<i", 2**31 - 1) + RULE, "leverage_rules"),
        (4, pack("<i", 1) + RULE[:-1], "leverage_rules[0].tiers"),
        (5, pack("<I", 2**32 - 1) + COMMISSION + COMMISSION_STEP, "commissions"),
        (5, pack("<I", 1) + COMMISSION + COMMISSION_STEP[:-1], "commissions[0].tiers"),
    ],
)
def test_an_account_names_what_is_cut_off(part: int, value: bytes, field: str) -> None:
    assert cut(answer(3), MAIN + b"".join(PARTS[:part]) + value) == field


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (Account(AccountMain(rights=2**31)), "main.rights"),
        (
            Account(trade_settings=[TradeSettings(), TradeSettings(trade_mode=-1)]),
            "trade_settings[1].trade_mode",
        ),
        (Account(trade_settings=[TradeSettings()], trade_flags=2**31), "trade_flags"),
        (Account(trade_settings=[], trade_flags=0, symbols_count=2**31), "symbols_count"),
        (Account(trade_settings=[], trade_flags=0, symbols_count=0, leverage_flags=-1), "leverage_flags"),
        (
            Account(AccountMain(), [], 0, 0, 0, [LeverageRule(tiers=[LeverageTier(range_to=10**400)])]),
            "leverage_rules[0].tiers[0].range_to",
        ),
        (Account(AccountMain(), [], 0, 0, 0, [], [Commission(mode=-1)]), "commissions[0].mode"),
        (
            Account(AccountMain(), [], 0, 0, 0, [], [Commission(tiers=[CommissionTier(type=2**32)])]),
            "commissions[0].tiers[0].type",
        ),
    ],
)
def test_an_account_that_does_not_fit_names_the_field(account: Account, field: str) -> None:
    assert misfit(answer(3), account) == ("out_of_range", field)


# 4.3, 5.3: lists and transactions.


def test_two_lists_stand_one_behind_the_other() -> None:
    position, order = pack("<q", 7) + bytes(336), pack("<q", 8) + bytes(348)
    raw = pack("<I", 2) + position * 2 + pack("<I", 1) + order
    assert answer(4).decode(raw)[0] == OpenTrades([Position(7)] * 2, [Order(8)])
    assert answer(4).encode(OpenTrades([Position(7)] * 2, [Order(8)])) == raw
    assert cut(answer(4), raw[:-1]) == "orders"
    assert cut(answer(4), raw[: 4 + 688]) == "orders"
    assert cut(answer(4), pack("<I", 2) + position) == "positions"
    assert cut(answer(5), b"\0\0\0") == "deals"
    assert unread(answer(5), bytes(8) + b"!") == 1
    assert misfit(answer(5), History([], [Order(), Order(digits=-1)])) == ("out_of_range", "orders[1].digits")


def order_record(mask: int, ticket: int) -> bytes:
    return pack("<3Iq", mask, 5, 1, ticket) + bytes(348)


def deal_record(mask: int, ticket: int, deals: bytes = b"\0\0\0\0", positions: bytes = b"\0\0\0\0") -> bytes:
    head = pack("<3Iq", mask, 5, 0, ticket) + bytes(348) + pack("<q", 9) + bytes(336)
    return head + pack("<5d", 1, 2, 3, 4, 5) + deals + positions


def test_order_transactions_may_mix_open_and_history() -> None:
    raw = order_record(0, 1) + order_record(1, 2) + order_record(2, 3)
    value, drift = push(10).decode(raw)
    assert value == [OrderTransaction(mask, 5, 1, Order(ticket)) for mask, ticket in ((0, 1), (1, 2), (2, 3))]
    assert not drift
    assert push(10).encode(value) == raw
    assert unread(push(10), raw + b"abc") == 3
    assert push(10).decode(b"") == ([], push(10).decode(b"")[1])


def test_deal_transactions_carry_their_lists() -> None:
    one_deal = pack("<I", 1) + pack("<q", 70) + bytes(348)
    one_position = pack("<I", 1) + pack("<q", 80) + bytes(336)
    raw = deal_record(2, 1) + deal_record(0, 2, one_deal, one_position)
    value, _ = push(10).decode(raw)
    money = (1.0, 2.0, 3.0, 4.0, 5.0)
    assert value == [
        DealTransaction(2, 5, 0, Deal(1), Position(9), *money),
        DealTransaction(0, 5, 0, Deal(2), Position(9), *money, [Deal(70)], [Position(80)]),
    ]
    assert push(10).encode(value) == raw
    assert unread(push(10), raw + bytes(751)) == 751
    assert cut(push(10), raw[:-1]) == "[1].positions"
    assert cut(push(10), deal_record(2, 1)[:-4]) == "[0].positions"
    assert cut(push(10), deal_record(2, 1, pack("<I", 2**32 - 1))) == "[0].deals"


def test_transactions_of_both_classes_do_not_go_into_one_push() -> None:
    deal, order = DealTransaction(flag_mask=2), OrderTransaction()
    assert misfit(push(10), [deal, order]) == ("bad_value", "[1]")
    assert misfit(push(10), [order, deal]) == ("bad_value", "[1]")
    assert misfit(push(10), [OrderTransaction(flag_mask=2)]) == ("bad_value", "[0]")
    assert misfit(push(10), [DealTransaction(flag_mask=0)]) == ("bad_value", "[0]")
    bad = DealTransaction(flag_mask=2, positions=[Position(), Position(digits=-1)])
    assert misfit(push(10), [deal, bad]) == ("out_of_range", "[1].positions[1].digits")
    nested = OrderTransaction(order=Order(digits=-1))
    assert misfit(push(10), [order, nested]) == ("out_of_range", "[1].order.digits")


# 5.5: books.

LEVEL = pack("<IBqq", 0, 1, 108003, -5)


def book(count: int, symbol_id: int = 1) -> bytes:
    return pack("<IiiIIH", symbol_id, 10, 20, 0, 2, count)


def test_books_carry_their_levels() -> None:
    raw = pack("<I", 2) + book(2) + LEVEL * 2 + book(0, 3)
    level = BookLevel(0, 1, 108003, -5)
    value, drift = push(23).decode(raw)
    assert value == [Book(1, 10, 20, 0, 2, 2, [level] * 2), Book(3, 10, 20, 0, 2, 0)]
    assert not drift
    assert push(23).encode(value) == raw
    assert cut(push(23), raw[:-1]) == "[1]"
    assert cut(push(23), pack("<I", 1) + book(3) + LEVEL * 2) == "[0].levels"
    assert cut(push(23), pack("<I", 2**32 - 1) + book(0)) is None
    assert unread(push(23), raw + b"12") == 2


@pytest.mark.parametrize("raw", [b"", b"\1", b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_a_book_body_of_four_bytes_or_less_holds_nothing(raw: bytes) -> None:
    value, drift = push(23).decode(raw)
    assert value == []
    assert not drift


def test_the_count_of_a_book_is_that_of_its_levels() -> None:
    written = push(23).encode([Book(count=9, levels=[BookLevel()])])
    assert written == pack("<I", 1) + pack("<IiiIIH", 0, 0, 0, 0, 0, 1) + bytes(21)
    assert misfit(push(23), [Book(levels=[BookLevel()] * 65536)]) == ("out_of_range", "[0].levels")
    assert misfit(push(23), [Book(levels=[BookLevel(price=2**63)])]) == (
        "out_of_range",
        "[0].levels[0].price",
    )


# 4.8: spreads.

SPREAD = pack("<IIddI", 7, 1, 0.5, 0.25, 2)
LEG = pack("<II64sIId", 1, 0, "EURUSD".encode("utf-16-le"), 3, 4, 1.5)


def test_spread_groups_carry_their_legs_and_id_zero_has_none() -> None:
    legs = pack("<I", 1) + LEG + pack("<I", 2) + LEG * 2
    raw = pack("<II", 0, 2) + SPREAD + legs + pack("<IIddI", 0, 0, 0, 0, 0) + pack("<II", 0, 0)
    value, drift = answer(20).decode(raw)
    leg = SpreadLeg(1, 0, "EURUSD", 3, 4, 1.5)
    assert value == [SpreadGroup(0, [Spread(7, 1, 0.5, 0.25, 2, [leg], [leg] * 2), Spread()]), SpreadGroup()]
    assert not drift
    assert answer(20).encode(value) == push(20).encode(value) == raw
    assert answer(20).decode(b"")[0] == []
    assert unread(answer(20), raw + bytes(7)) == 7


def test_a_spread_without_id_writes_no_legs() -> None:
    raw = answer(20).encode([SpreadGroup(0, [Spread(legs_a=[SpreadLeg()])])])
    assert raw == pack("<II", 0, 1) + bytes(28)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (pack("<II", 0, 2) + SPREAD, "[0].spreads"),
        (pack("<II", 0, 2**32 - 1), "[0].spreads"),
        (pack("<II", 0, 1) + SPREAD, "[0].spreads[0].legs_a"),
        (pack("<II", 0, 1) + SPREAD + pack("<I", 1) + LEG[:-1], "[0].spreads[0].legs_a"),
        (pack("<II", 0, 1) + SPREAD + pack("<I", 0), "[0].spreads[0].legs_b"),
        (pack("<II", 0, 1) + SPREAD + pack("<II", 0, 2) + LEG, "[0].spreads[0].legs_b"),
    ],
)
def test_spreads_name_what_is_cut_off(raw: bytes, field: str) -> None:
    assert cut(answer(20), raw) == field


def test_a_leg_that_does_not_fit_is_told_by_its_path() -> None:
    group = SpreadGroup(0, [Spread(), Spread(1, legs_b=[SpreadLeg(time_to=-1)])])
    assert misfit(answer(20), [SpreadGroup(), group]) == ("out_of_range", "[1].spreads[1].legs_b[0].time_to")


# 4.12: documents.


def test_documents_carry_their_files() -> None:
    head = bytes(1664) + bytes(1284)
    names = "front.png".encode("utf-16-le"), "back.png".encode("utf-16-le")
    document = pack("<II520sI520sI", 1, 2, names[0], 3, names[1], 2)
    raw = head + document + b"abc" + b"de" + pack("<II520sI520sI", 0, 0, b"", 0, b"", 0)
    value, drift = request(39).decode(raw)
    assert value.documents == [Document(1, 2, "front.png", 3, "back.png", 2, b"abc", b"de"), Document()]
    assert not drift
    assert request(39).encode(value) == raw
    assert cut(request(39), head[:-1]) == "extension"
    assert cut(request(39), head[:1663]) == "opening"
    assert cut(request(39), head + document + b"ab") == "documents[0].front"
    assert cut(request(39), head + document + b"abc" + b"d") == "documents[0].back"
    assert unread(request(39), head + document[:-1]) == 1055


def test_file_sizes_are_those_of_the_files() -> None:
    value = RealOpening(documents=[Document(front_size=9, front=b"abc")])
    (document,) = request(39).decode(request(39).encode(value))[0].documents
    assert (document.front_size, document.back_size) == (3, 0)
    assert misfit(request(39), RealOpening(Opening(leverage=-1))) == ("out_of_range", "opening.leverage")
    assert misfit(request(39), RealOpening(extension=RealExtension(gender=-1))) == (
        "out_of_range",
        "extension.gender",
    )
    assert misfit(request(39), RealOpening(documents=[Document(data_type=-1)])) == (
        "out_of_range",
        "documents[0].data_type",
    )


# 4.4: the compressed list.

SYMBOLS = pack("<I", 2) + 2 * (pack("<64s128sII256sI64sH", b"E\0", b"", 5, 7, b"", 0, b"", 0))
EURUSD = Symbol(trade_symbol="E", digits=5, symbol_id=7)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("prefix", [b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_the_compressed_list_may_be_gzip_or_zlib_whatever_its_prefix_says(
    compress: Any, prefix: bytes
) -> None:
    value, drift = answer(34).decode(prefix + compress(SYMBOLS))
    assert value == [EURUSD, EURUSD]
    assert not drift


def test_the_compressed_list_is_written_as_gzip_behind_its_size() -> None:
    raw = answer(34).encode([EURUSD, EURUSD])
    assert raw[:4] == pack("<I", len(SYMBOLS))
    assert gzip.decompress(raw[4:]) == SYMBOLS
    assert answer(34).encode([EURUSD, EURUSD]) == raw


def test_bytes_behind_the_stream_and_behind_the_list_are_unread() -> None:
    assert unread(answer(34), bytes(4) + zlib.compress(SYMBOLS) + b"abc") == 3
    assert unread(answer(34), bytes(4) + zlib.compress(SYMBOLS + b"de") + b"abc") == 5


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_stream_cut_anywhere_is_truncated(compress: Any) -> None:
    raw = bytes(4) + compress(SYMBOLS)
    for size in range(len(raw)):
        with pytest.raises(Truncated):
            answer(34).decode(raw[:size])


def test_a_damaged_stream_is_told() -> None:
    for broken in (b"no stream", b"\x1f\x8b\xff" + bytes(20), zlib.compress(SYMBOLS)[:-1] + b"\0"):
        with pytest.raises(RemoteProtocolError, match="neither a gzip nor a zlib") as caught:
            answer(34).decode(bytes(4) + broken)
        assert caught.value.field is None


def test_the_list_inside_the_stream_must_be_whole() -> None:
    assert cut(answer(34), bytes(4) + zlib.compress(SYMBOLS[:-1])) is None
    assert cut(answer(34), bytes(4) + zlib.compress(b"\1")) is None
    assert cut(answer(34), b"\0\0\0") is None


def zeros(mebibytes: int) -> bytes:
    """A gzip stream of so many MiB of zeros: one compressed MiB, repeated."""
    squeeze = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    one = squeeze.compress(bytes(2**20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + one * mebibytes + squeeze.flush()


def test_a_gibibyte_in_a_small_stream_is_refused_in_bounded_memory() -> None:
    assert zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(zeros(3)[:-1]) == bytes(3 * 2**20)
    bomb = bytes(4) + zeros(1024)
    assert len(bomb) < 2 * 2**20
    tracemalloc.start()
    try:
        with pytest.raises(RemoteProtocolError, match="67108864 bytes inflated") as caught:
            answer(34).decode(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "bad_value"
    assert peak < 160 * 2**20  # the limit of 64 MiB, and zlib's doubling of its output buffer


def test_a_list_of_the_limit_passes_and_one_byte_more_does_not() -> None:
    raw = bytes(4) + zlib.compress(SYMBOLS)
    assert CompressedSymbols(len(SYMBOLS) + 1).decode(raw)[0] == [EURUSD, EURUSD]
    with pytest.raises(RemoteProtocolError):
        CompressedSymbols(len(SYMBOLS) - 1).decode(raw)


# Simple shapes.


def test_an_empty_body_takes_no_value_and_reads_nothing() -> None:
    assert request(51).encode(None) == b""
    assert unread(answer(51), b"abc") == 3
    assert misfit(request(51), {}) == ("bad_value", None)


def test_symbol_ids_are_counted() -> None:
    assert request(7).encode([1, 2**32 - 1]) == pack("<III", 2, 1, 2**32 - 1)
    assert request(7).decode(pack("<III", 2, 1, 2))[0] == [1, 2]
    assert unread(request(22), pack("<II", 1, 1) + b"x") == 1
    assert misfit(request(18), [2**32]) == ("out_of_range", "ids")
    assert misfit(request(18), ["1"]) == ("out_of_range", "ids")
    assert cut(request(7), b"\1\0\0") == "ids"
    assert cut(request(7), pack("<II", 2, 1)) == "ids"
    assert cut(request(7), pack("<I", 2**32 - 1)) == "ids"


def test_a_remainder_shorter_than_a_record_is_unread() -> None:
    bar = pack("<i4dId", 60, 1, 2, 3, 4, 5, 6)
    assert answer(11).decode(bar * 2 + bar[:47])[0] == [Rate(60, 1, 2, 3, 4, 5, 6)] * 2
    assert unread(answer(11), bar * 2 + bar[:47]) == 47
    assert unread(push(8), bytes(149)) == 49
    assert unread(push(17), bytes(273)) == 273
    assert misfit(answer(11), [Rate(), Rate(time=2**31)]) == ("out_of_range", "[1].time")
    assert misfit(push(8), [Tick(flags=-1)]) == ("out_of_range", "[0].flags")


@pytest.mark.parametrize(
    ("number", "size"), [(5, 8), (11, 74), (12, 248), (24, 129), (27, 1682), (28, 912), (29, 744)]
)
def test_a_request_of_one_record_is_truncated_a_byte_before_and_unread_a_byte_behind(
    number: int, size: int
) -> None:
    body = request(number)
    assert not body.decode(bytes(size))[1].unread
    assert unread(body, bytes(size + 1)) == 1
    with pytest.raises(Truncated):
        body.decode(bytes(size - 1))


COUNTED = [name for name in BODIES if name.split("-")[:2] in (["answer", n] for n in ("6", "9", "18", "44"))]


@pytest.mark.parametrize("name", COUNTED)
def test_a_count_is_believed_only_with_the_bytes_for_it(name: str) -> None:
    assert cut(BODIES[name], pack("<I", 2**32 - 1) + bytes(5000)) is None
    assert cut(BODIES[name], b"\0\0\0") is None
    assert BODIES[name].decode(bytes(4))[0] == []


def test_the_counted_answers_are_all_there() -> None:
    assert len(COUNTED) == 4


def test_a_batch_is_a_sequence_of_its_records() -> None:
    ticks = [Tick(symbol_id=n) for n in range(3)]
    batch, _ = push(8).decode(b"".join(map(TICK.dump, ticks)))
    assert isinstance(batch, Batch)
    assert batch == ticks
    assert batch != ticks[:2]
    assert batch != 5
    assert (len(batch), batch[1], batch[-1], batch[1:]) == (3, ticks[1], ticks[2], ticks[1:])
    assert list(batch) == ticks
    assert repr(batch) == f"Batch({ticks!r})"
    assert push(8).encode(batch) == push(8).encode(ticks)
    with pytest.raises(IndexError):
        batch[3]
    with pytest.raises(TypeError):
        hash(batch)
