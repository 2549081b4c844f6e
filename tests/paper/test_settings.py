"""The settings file: strict, and each error names file, line and field."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from oms.cli.paper.options import Options
from oms.paper.contradictions import contradictions
from oms.paper.feed import RandomWalk
from oms.paper.model import LOT
from oms.paper.replay import CsvFeed
from oms.paper.settings import Settings, SettingsError, default, load
from protocol.enums import MarginMode


def file(folder: Path, text: str) -> Path:
    path = folder / "paper.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert load(file(tmp_path, "# nothing\n")) == default()


def test_the_default_accounts_are_those_that_are_printed() -> None:
    accounts = [one.account() for one in default().accounts]
    assert [(one.login, one.currency, one.digits, one.margin_mode) for one in accounts] == [
        (1001, "USD", 2, MarginMode.RETAIL_HEDGING),
        (1002, "USD", 2, MarginMode.RETAIL_NETTING),
        (1003, "EUR", 2, MarginMode.RETAIL_HEDGING),
        (1004, "JPY", 0, MarginMode.RETAIL_NETTING),
    ]
    assert {(one.password, one.investor_password, one.leverage) for one in accounts} == {
        ("paper", "look", 100)
    }
    assert [one.deposit for one in default().accounts] == [10_000, 10_000, 10_000, 1_000_000]
    assert all(one.balance == 0 for one in accounts)  # the first deal books it


FULL = """
seed = 7
state = "venue.json"

[server]
port = 7777
certificate = "cert.pem"
key = "key.pem"

[control]
port = 0

[zone]
shift_s = -18000
rule = "us"

[feed]
kind = "csv"
speed = "max"
files = { "BRN.dec30.x" = "ticks.csv" }

[protocol]
key_length = 16
echo_prefix = true
overrides = "zero"

[trading]
dealer_delay_ms = 250

[[trading.leverage_rules]]
path = "Forex\\\\*"
range_mode = 0
tiers = [
    { range_from = 0, range_to = 10, margin_rate_initial = 1.0 },  # a comment
]

[[accounts]]
login = 9
password = "quite secret"
investor_password = "less so"
currency = "EUR"
balance = "1234.56"
commission_per_lot = 3.50
rights = ["read_only"]
stop_out_mode = "money"
stop_out_call = 500
stop_out = 100

[[accounts.overrides]]
mask = "Forex\\\\*"
volume_max = 2.5
trade_stops_level = 3

[[symbols]]
name = "EURUSD.pro"
like = "EURUSD.exc"
digits = 4
volume_min = 0.1
volume_step = 0.1
execution = "market"
fills = ["fok", "boc"]
book_depth = 0
quote_sessions = { weekdays = ["00:05-12:00", "13:00-24:00"], sunday = [] }
volatility = 0.10
expiration = 2027-03-19T17:00:00
depth = [1, 2.5]

[[symbols]]
name = "USDRUB"
remove = true

[[faults]]
do = "delay"
seconds = 2.5
"""


def test_a_full_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem", "ticks.csv"):
        (tmp_path / name).write_text("1767607200,78.40,78.43\n")
    settings = load(file(tmp_path, FULL))
    assert (settings.seed, settings.server.port, settings.control.port) == (7, 7777, 0)
    assert settings.state == str(tmp_path / "venue.json")
    assert settings.server.key == str(tmp_path / "key.pem")
    assert (settings.protocol.key_length, settings.protocol.overrides) == (16, "zero")
    assert (settings.trading.dealer_delay_ms, settings.faults[0].seconds) == (250, 2.5)
    assert settings.trading.leverage_rules[0].tiers[0].range_to == 10.0
    assert settings.zone.zone().moment(0).server_ms == -18_000_000

    (account,) = settings.accounts
    assert (account.deposit, account.account().commission_per_lot) == (Decimal("1234.56"), Decimal("3.50"))
    assert (account.account().rights, account.account().margin_so_mode) == (512, 1)
    assert account.overrides[0].changes() == {
        "symbol_path": "Forex\\*",
        "volume_max": 250_000_000,
        "trade_stops_level": 3,
    }

    instruments = {one.spec.trade_symbol: one for one in settings.instruments()}
    assert "USDRUB" not in instruments
    assert [one.spec.symbol_id for one in instruments.values()] == list(range(1, len(instruments) + 1))
    pro = instruments["EURUSD.pro"]
    assert (pro.spec.digits, pro.spec.point, pro.spec.trade_tick_size, pro.spec.trade_tick_value) == (
        4,
        0.0001,
        0.0001,
        10.0,
    )
    assert (pro.spec.trade.volume_min, pro.spec.trade.volume_step) == (LOT // 10, LOT // 10)
    assert (pro.spec.trade.trade_exemode, pro.spec.trade.trade_fill_flags) == (2, 5)
    assert pro.spec.trade.permissions_flags == 0
    assert pro.spec.trade.symbol_path == "Forex\\EURUSD.pro"
    assert pro.spec.schedule.quote_sessions[0] == ((0, 0),) * 16
    assert pro.spec.schedule.quote_sessions[3][:3] == ((5, 720), (780, 1440), (0, 0))
    assert pro.spec.time_expiration == 1_805_475_600  # 2027-03-19 17:00 on the server's clock
    assert pro.depth_lots == (LOT, 5 * LOT // 2)
    assert pro.volatility * (365 * 86_400) ** 0.5 == pytest.approx(0.1)
    assert instruments["EURUSD.exc"].spec.trade.volume_min == LOT // 100

    feed = settings.make_feed(settings.instruments(), 1000, settings.zone.zone())
    assert isinstance(feed, CsvFeed)
    assert [tick.symbol for tick in feed.take(1000)] == ["BRN.dec30.x"]


def test_the_default_feed_is_the_random_walk_of_the_seed() -> None:
    settings = default()
    zone = settings.zone.zone()
    feed = settings.make_feed(settings.instruments(), 10**12, zone)
    same = RandomWalk(settings.instruments(), settings.seed, 10**12, zone=zone)
    assert feed.take(10**12 + 5000) == same.take(10**12 + 5000)


def test_only_the_named_symbols_without_the_default_ones(tmp_path: Path) -> None:
    text = 'default_symbols = false\n[[symbols]]\nname = "EURUSD"\n[[symbols]]\nname="A"\nlike="AAPL"\n'
    instruments = load(file(tmp_path, text)).instruments()
    assert [(one.spec.symbol_id, one.spec.trade_symbol) for one in instruments] == [(1, "EURUSD"), (2, "A")]


OVERRIDE = "[[accounts]]\nlogin = 1\n[[accounts.overrides]]\nmask = 'Forex*'\n"
WRONG: list[tuple[str, int, str]] = [
    ("seed = 'x'", 1, "seed"),
    ("sede = 1", 1, "sede"),
    ("\n[server]\nport = 99999", 3, "server.port"),
    ("\n[serwer]\nport = 1", 2, "serwer"),
    ("[server]\nhost = 'a'\nkey = 'k.pem'", 1, "server.certificate"),
    ("[server]\nkey = 'k.pem'\ncertificate = 'c.pem'", 3, "server.certificate"),
    ("server.port = 'x'", 1, "server.port"),
    ("server = { port = -1 }", 1, "server.port"),
    ("x = [\n1,", 2, ""),
    ("seed = 1\nseed = 2", 2, ""),
    ("seed = 1\n[zone]\n# why\nshift_s = 60000", 4, "zone.shift_s"),
    ("[zone]\nrule = 'mars'", 2, "zone.rule"),
    ("[[accounts]]\nlogin = 1\n\n[[accounts]]\nlogin = 2\nbalanc = 1", 6, "accounts[1].balanc"),
    ("[[accounts]]\nlogin = 1\n\n[[accounts]]\nlogin = 1", 5, "accounts[1].login"),
    ("[[accounts]]\nname = 'n'", 1, "accounts[0].login"),
    ("[[accounts]]\nlogin = 1\nbalance = 10.005", 3, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\nbalance = nan", 3, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\nbalance = -1", 3, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\ncurrency = 'JPY'\nbalance = 0.5", 4, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\notp_secret = '1890'", 3, "accounts[0].otp_secret"),
    ("[[accounts]]\nlogin = 1\nstop_out = 120", 3, "accounts[0].stop_out"),
    ("[[accounts]]\nlogin = 1\n[[accounts.overrides]]\nmask = '*'\nx = 1", 5, "accounts[0].overrides[0].x"),
    ("[[accounts]]\nlogin = 1\nrights = [\n'read_only',\n'fly']", 3, "accounts[0].rights[1]"),
    ("accounts = []", 1, "accounts"),
    ("[feed]\nkind = 'csv'", 1, "feed.files"),
    ("[feed]\nkind = 'csv'\n[feed.files]\nEURUSD = 'absent.csv'", 4, "feed.files.EURUSD"),
    ("[feed]\nkind = 'csv'\n[feed.files]\nNOPE = 'paper.toml'", 4, "feed.files.NOPE"),
    ("[[symbols]]\nname = 'NEW'", 2, "symbols[0].name"),
    ("[[symbols]]\nname = 'NEW'\nlike = 'OLD'", 3, "symbols[0].like"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_min = 0.015", 3, "symbols[0].volume_min"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_max = 0.001", 3, "symbols[0].volume_max"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_step = 0", 3, "symbols[0].volume_step"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_min = 1e-9", 3, "symbols[0].volume_min"),
    ("[[symbols]]\nname = 'EURUSD'\ntick_size = 0.000015", 3, "symbols[0].tick_size"),
    ("[[symbols]]\nname = 'EURUSD'\ndepth = [1, 0]", 3, "symbols[0].depth"),
    ("[[symbols]]\nname = 'EURUSD'\nfactors = { A = 0.8, B = 0.8 }", 3, "symbols[0].factors"),
    ("[[symbols]]\nname = 'EURUSD'\nstart = 0.00001", 3, "symbols[0].start"),
    ("[[symbols]]\nname = 'EURUSD'\nexpiration = 2030-01-01T00:00:00Z", 3, "symbols[0].expiration"),
    ("[[symbols]]\nname = 'EURUSD'\n[symbols.quote_sessions]\nmon = []", 4, "symbols[0].quote_sessions.mon"),
    ("[[symbols]]\nname = 'EURUSD'\ntrade_sessions = { every = ['9-10'] }", 3, "symbols[0].trade_sessions"),
    (
        "[[symbols]]\nname = 'EURUSD'\ntrade_sessions = { every = ['10:00-09:00'] }",
        3,
        "symbols[0].trade_sessions",
    ),
    ("[[symbols]]\nname = 'a b'\nlike = 'EURUSD'", 2, "symbols[0].name"),
    ("[protocol]\nkey_length = 20", 2, "protocol.key_length"),
    ("[trading]\nleverage_rules = [{ path = '*', pth = 1 }]", 2, "trading.leverage_rules[0].pth"),
    ("[[faults]]\ndo = 'zap'", 2, "faults[0].do"),
    ("[[links]]\nurl = 'u'\nlable = 'l'", 3, "links[0].lable"),
    # Decimals as text
    ("[[accounts]]\nlogin = 1\nbalance = 'NaN'", 3, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\nbalance = 'sNaN'", 3, "accounts[0].balance"),
    ("[[accounts]]\nlogin = 1\nbalance = 'Infinity'", 3, "accounts[0].balance"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_step = 'NaN'", 3, "symbols[0].volume_step"),
    ("[[symbols]]\nname = 'EURUSD'\ndepth = ['NaN']", 3, "symbols[0].depth"),
    ("[[symbols]]\nname = 'EURUSD'\ndepth = ['1e999999999']", 3, "symbols[0].depth"),
    # More than the wire, or the market, has room for
    ("[[links]]\nurl = 'u'\ntype = 99999999999", 3, "links[0].type"),
    ("[[links]]\nurl = 'u'\nlabel = '" + "l" * 257 + "'", 3, "links[0].label"),
    ("[[spreads]]\nignored = -1", 2, "spreads[0].ignored"),
    ("[[spreads]]\nspreads = [{ spread_id = 1, margin_type = 4 }]", 2, "spreads[0].spreads[0].margin_type"),
    (
        "[[spreads]]\n[[spreads.spreads]]\nspread_id = 1\nlegs_a = [{ time_from = -1 }]",
        4,
        "spreads[0].spreads[0].legs_a[0].time_from",
    ),
    (
        "[[trading.leverage_rules]]\npath = '*'\nrange_mode = 99999999999999",
        3,
        "trading.leverage_rules[0].range_mode",
    ),
    ("[[trading.leverage_rules]]\npath = '*'\nrange_mode = 4", 3, "trading.leverage_rules[0].range_mode"),
    (
        "[trading]\nleverage_rules = [{ path = '*', tiers = [{ margin_rate_initial = -1.0 }] }]",
        2,
        "trading.leverage_rules[0].tiers[0].margin_rate_initial",
    ),
    ("[trading]\nfirst_order = 10000000000000000000000", 2, "trading.first_order"),
    ("[trading]\nfirst_deal = 4611686018427387905", 2, "trading.first_deal"),
    ("[trading]\nslippage_points = 10001", 2, "trading.slippage_points"),
    ("[[accounts]]\nlogin = 9223372036854775807", 2, "accounts[0].login"),
    ("[demo]\nfirst_login = 9223372036854775807", 2, "demo.first_login"),
    ("[feed]\nspeed = 1e-300", 2, "feed.speed"),
    ("[[symbols]]\nname = 'EURUSD'\nvolatility = 1e300", 3, "symbols[0].volatility"),
    ("[[symbols]]\nname = 'EURUSD'\nspread = 2147483647", 3, "symbols[0].spread"),
    ("[[symbols]]\nname = 'EURUSD'\nstart = 1000000001.0", 3, "symbols[0].start"),
    ("[[symbols]]\nname = 'EURUSD'\ncontract_size = 1e300", 3, "symbols[0].contract_size"),
    ("[[symbols]]\nname = 'EURUSD'\ntick_value = 1e308", 3, "symbols[0].tick_value"),
    ("[[symbols]]\nname = 'EURUSD'\nmargin_hedged = 1e300", 3, "symbols[0].margin_hedged"),
    ("[[symbols]]\nname = 'EURUSD'\nmargin_rates = [" + "-1.0, " * 8 + "]", 3, "symbols[0].margin_rates"),
    ("[[symbols]]\nname = 'EURUSD'\nvolume_max = 1000000001", 3, "symbols[0].volume_max"),
    ("[[symbols]]\nname = 'EURUSD'\ndescription = '" + "d" * 65 + "'", 3, "symbols[0].description"),
    ("[[symbols]]\nname = 'EURUSD'\nfolder = '" + "f" * 122 + "'", 3, "symbols[0].folder"),
    # Overrides and faults that make no symbol
    (OVERRIDE + "volume_min = '0.000000001'", 5, "accounts[0].overrides[0].volume_min"),
    (OVERRIDE + "swap_long = 1e300", 5, "accounts[0].overrides[0].swap_long"),
    (OVERRIDE + "volume_step = 0.5\nvolume_min = 0.3", 6, "accounts[0].overrides[0].volume_min"),
    (OVERRIDE + "volume_min = 50\nvolume_max = 20", 5, "accounts[0].overrides[0].volume_min"),
    (
        OVERRIDE + "volume_min = 50\n[[accounts.overrides]]\nmask = '*EURUSD'\nvolume_max = 20",
        6,
        "accounts[0].overrides[1].volume_min",
    ),
    ("[[faults]]\ndo = 'spec'\nsymbol = 'NOPE'", 3, "faults[0].symbol"),
    (
        "[[faults]]\ndo = 'lose'\n[[faults]]\ndo = 'spec'\nsymbol = 'EURUSD'\nchanges = { foo = 1 }",
        6,
        "faults[1].changes",
    ),
    (
        "[[faults]]\ndo = 'spec'\nsymbol = 'EURUSD'\nchanges = { volume_step = 0 }",
        4,
        "faults[0].changes",
    ),
    # One seed for all
    ("[trading]\nseed = 5", 2, "trading.seed"),
]


@pytest.mark.parametrize(
    ("text", "line", "field"), WRONG, ids=[f"{f or 'syntax'}-{n}" for n, (_, _, f) in enumerate(WRONG)]
)
def test_what_is_wrong_is_named_with_file_line_and_field(
    tmp_path: Path, text: str, line: int, field: str
) -> None:
    path = file(tmp_path, text + "\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert (caught.value.path, caught.value.line, caught.value.field) == (path, line, field)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_no_symbol_of_the_usual_ones_contradicts_itself() -> None:
    assert [
        (one.spec.trade_symbol, *wrong) for one in default().instruments() for wrong in contradictions(one)
    ] == []


def test_what_may_just_be_is_read(tmp_path: Path) -> None:
    """An open end of a tier, a step that goes with its minimum, the largest tickets and logins."""
    text = """
    [trading]
    first_order = 4611686018427387904
    leverage_rules = [{ path = "*", tiers = [{ range_to = 1.7976931348623157e308 }] }]
    [[accounts]]
    login = 4611686018427387904
    overrides = [{ mask = "Forex*", volume_step = 0.5, volume_min = 0.5, volume_max = 20 }]
    [[symbols]]
    name = "EURUSD"
    start = 1000000000
    volume_max = 1000000000
    [[faults]]
    do = "spec"
    symbol = "USDJPY"
    changes = { swap_long = -0.5, margin_rates_maintenance = [-1.0, 0, 0, 0, 0, 0, 0, 0] }
    """
    settings = load(file(tmp_path, text))
    assert settings.trading.first_order == settings.accounts[0].login == 2**62
    assert settings.faults[0].changes["swap_long"] == -0.5


def test_the_seed_of_the_command_line_is_that_of_the_file(tmp_path: Path) -> None:
    empty, seven = file(tmp_path, ""), tmp_path / "seven.toml"
    seven.write_text("seed = 7")
    assert Options(config=empty, seed=7).settings() == Options(config=seven).settings()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot be read"):
        load(tmp_path / "absent.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"binary\.toml: cannot be read"):
        load(path)


def test_no_secret_is_in_a_repr_nor_in_an_error(tmp_path: Path) -> None:
    secrets = {"password": "hunter2", "investor_password": "hunter3", "otp_secret": "HUNTER4"}
    body = "".join(f"{name} = '{value}'\n" for name, value in secrets.items())
    settings = load(file(tmp_path, "[[accounts]]\nlogin = 1\n" + body))
    shown = [repr(settings), repr(settings.accounts[0]), repr(settings.accounts[0].account())]
    for name, value in secrets.items():
        with pytest.raises(SettingsError) as caught:
            load(file(tmp_path, f"[[accounts]]\nlogin = 1\n{name} = ['{value}']\n"))
        shown.append(str(caught.value))
    with pytest.raises(SettingsError) as caught:
        load(file(tmp_path, "[[accounts]]\nlogin = 1\npassword='hunter2'\ninvestor_password='hunter2'\n"))
    shown.append(str(caught.value))
    assert not [text for text in shown if "hunter" in text.lower()]


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text("ab\\\"'=[]#\n", max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([*Settings.__struct_fields__, "login", "name", "port", "x", "a.b", "é"])


def toml(value: Any) -> str:
    match value:
        case None:
            return "1.5"
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(f"\\u{ord(one):04x}" for one in value) + '"'
        case list():
            return "[\n" + ",\n".join(map(toml, value)) + "]"
    return str(value)


def outcome(path: Path) -> SettingsError | None:
    try:
        load(path)
    except SettingsError as wrong:
        return wrong
    return None


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "[{}]", "[[{}]]"]), KEYS, KEYS, VALUES), max_size=6))
def test_whatever_the_file_says_the_answer_is_settings_or_a_placed_error(
    tmp_path_factory: pytest.TempPathFactory, tables: list[tuple[str, str, str, Any]]
) -> None:
    text = ""
    for header, table, key, value in tables:
        text += header.format(toml(table)) + f"\n{toml(key)} = {toml(value)}\n"
    path = file(tmp_path_factory.mktemp("paper"), text)
    found = outcome(path)
    assert found is None or (
        1 <= found.line <= text.count("\n") + 1 and (found.field or "TOML" in str(found))
    )


def test_with_a_dealers_delay_the_answer_comes_first(tmp_path: Path) -> None:
    text = '[protocol]\ntold = "10 12 19"\n[trading]\ndealer_delay_ms = 5\n'
    with pytest.raises(SettingsError, match=r"told.*the answer 12 comes first"):
        load(file(tmp_path, text))
    load(file(tmp_path, text.replace("10 12 19", "12 19 10")))
