"""The file: what is read of it, and that everything wrong with it is told at once, each where it stands."""

from pathlib import Path

import pytest

from oms.config import (
    AccountSettings,
    ConfigError,
    DataSettings,
    HttpSettings,
    LimitSettings,
    LogSettings,
    NatsSettings,
    Secret,
    Settings,
    beyond_loopback,
    load,
)
from tests.config.scene import DATA, LEAST, MAIN, file, loaded, problems

FULL = r"""
[nats]
url = ["nats://127.0.0.1:4222", "tls://localhost"]
name = "desk"
user = "oms"
password = "s3cret"
tls_ca = "ca.pem"
tls_cert = "cert.pem"
tls_key = "key.pem"
prefix = "desk.oms.v1"
nats_required = false
ticks = "batch"

[data]
dir = "/var/lib/oms"
committer = "thread"
market_log = false
market_days = 7
market_gb = 0.5
market_least_free_gb = 0

[http]
enabled = false
host = "::1"
port = 0

[log]
format = "json"
level = "debug"

[limits]
connect_timeout = 1
answer_timeout = 2.5
ping = 3
silence = 4
reconnect_first = 5
reconnect_limit = 6
reconcile_overlap_hours = 7
reconcile_every = 8
difference_rounds = 9
difference_spacing = 10
data_rate = 11
data_burst = 12
outbox_window = 14
stop_settle = 15

[accounts.Desk_1-a]
url = "wss://localhost/terminal?x=1"
origin = "https://localhost:8443"
login = 9223372036854775807
password = "p w"
otp = "jbsw y3dp"
symbols = ["EURUSD", "Forex\\*,!Forex\\USD*"]
books = ["XAUUSD"]
aliases = { EURUSD = "EURUSD.pro", GOLD = "XAUUSD" }
cid = "000102030405060708090a0b0C0D0E0F"
reduce_while_reconciling = false
[accounts.Desk_1-a.risk]
"""


def test_a_file_with_everything_is_read(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch(0o600)
    settings = loaded(tmp_path, FULL)
    account = AccountSettings(
        url="wss://localhost/terminal?x=1",
        login=9223372036854775807,
        password=Secret("p w"),
        otp=Secret("jbsw y3dp"),
        origin="https://localhost:8443",
        cid=bytes(range(16)),
        symbols=("EURUSD", "Forex\\*,!Forex\\USD*"),
        books=("XAUUSD",),
        aliases={"EURUSD": "EURUSD.pro", "GOLD": "XAUUSD"},
        reduce_while_reconciling=False,
    )
    wanted = Settings(
        nats=NatsSettings(
            url=("nats://127.0.0.1:4222", "tls://localhost"),
            name="desk",
            user="oms",
            password=Secret("s3cret"),
            tls_ca=tmp_path / "ca.pem",
            tls_cert=tmp_path / "cert.pem",
            tls_key=tmp_path / "key.pem",
            prefix="desk.oms.v1",
            nats_required=False,
            ticks="batch",
        ),
        data=DataSettings(
            dir=Path("/var/lib/oms"),
            committer="thread",
            market_log=False,
            market_days=7,
            market_gb=0.5,
            market_least_free_gb=0.0,
        ),
        http=HttpSettings(enabled=False, host="::1", port=0),
        log=LogSettings(format="json", level="debug"),
        limits=LimitSettings(
            connect_timeout=1.0,
            answer_timeout=2.5,
            ping=3.0,
            silence=4.0,
            reconnect_first=5.0,
            reconnect_limit=6.0,
            reconcile_overlap_hours=7.0,
            reconcile_every=8.0,
            difference_rounds=9,
            difference_spacing=10.0,
            data_rate=11.0,
            data_burst=12,
            outbox_window=14,
            stop_settle=15.0,
        ),
        accounts={"Desk_1-a": account},
        origins=settings.origins,
    )
    assert settings == wanted
    assert type(settings.limits.ping) is float


def test_what_is_not_said_has_the_default_of_the_design(tmp_path: Path) -> None:
    settings = loaded(tmp_path, LEAST)
    assert settings.nats.url == ("nats://127.0.0.1:4222",)
    assert (settings.nats.prefix, settings.nats.nats_required, settings.nats.ticks) == (
        "oms.v1",
        True,
        "both",
    )
    data = settings.data
    assert data.dir == tmp_path / "data"
    assert (data.committer, data.market_log, data.market_days, data.market_gb, data.market_least_free_gb) == (
        ("probe", True, 3, 5.0, 2.0)
    )
    assert (settings.http, settings.log) == (
        HttpSettings(True, "127.0.0.1", 8080),
        LogSettings("console", "info"),
    )
    limits = settings.limits
    assert (limits.answer_timeout, limits.ping, limits.silence) == (30, 5, 15)
    assert (limits.reconnect_first, limits.reconnect_limit) == (0.5, 30)
    assert (limits.reconcile_overlap_hours, limits.reconcile_every) == (24, 300)
    assert (limits.difference_rounds, limits.difference_spacing) == (3, 30)
    assert (limits.data_rate, limits.data_burst) == (20, 40)
    assert (limits.outbox_window, limits.stop_settle) == (1000, 10)
    main = settings.accounts["main"]
    assert (main.symbols, main.books, main.aliases, main.otp, main.cid) == ((), (), {}, None, b"")
    assert main.reduce_while_reconciling
    assert settings.warnings == ()


def test_where_each_value_is_from_is_known(tmp_path: Path) -> None:
    path = file(tmp_path, LEAST + "symbols = [\n'A',\n]\n")
    assert load(path, {"OMS_LOG_LEVEL": "error"}).origins == {
        "data.dir": f"{path}:2",
        "log.level": "variable OMS_LOG_LEVEL",
        "accounts.main.url": f"{path}:4",
        "accounts.main.login": f"{path}:5",
        "accounts.main.password": f"{path}:6",
        "accounts.main.symbols": f"{path}:7",
    }


def test_everything_wrong_is_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
[http]
port = 70000
prot = 1
[data]
market_days = 0
[limits]
ping = 9
silence = 9.0
[nats]
tls_cert = "oms.toml"
[loging]
[accounts.main]
url = "http://127.0.0.1"
pasword = "x"
[accounts."a b"]
url = "ws://127.0.0.1"
login = 1
password = "x"
"""
    assert problems(tmp_path, text, OMS_HTTP_HOST="", OMS_DATA_DRI="x") == [
        "oms.toml:2: http.port: must be a whole number from 0 to 65535",
        "oms.toml:3: http.prot: unknown key; is it port?",
        "oms.toml:4: data.dir: must be given",
        "oms.toml:5: data.market_days: must be a whole number from 1 to 3650",
        "oms.toml:8: limits.silence: must be more than ping",
        "oms.toml:10: nats.tls_cert: needs tls_key beside it",
        "oms.toml:11: loging: unknown key; is it log?",
        "oms.toml:12: accounts.main.login: must be given",
        "oms.toml:12: accounts.main.password: must be given",
        "oms.toml:13: accounts.main.url: must begin with ws:// or wss://",
        "oms.toml:14: accounts.main.pasword: unknown key; is it password?",
        'oms.toml:15: accounts."a b": a label must be 1 to 32 letters, digits, _ or -',
        "variable OMS_HTTP_HOST: http.host: must be a host name or an address",
        "variable OMS_DATA_DRI: stands for no key; is it OMS_DATA_DIR?",
    ]


SCHEMES = "must begin with nats:// or tls://"
ASCII = "must be a URL of printable ASCII, without blanks"
NO_URL = "is no URL: its host or port cannot be"
URLS = "must be one URL, several with commas between, or a list"
TEXT = "must be text of 1 to 64 characters"
WORDS = "must be words of letters, digits, _ or -, with dots between"
TICKS = 'must be one of "both", "each", "batch", "none"'
PORT = "must be a whole number from 0 to 65535"
PING = "must be a number from 0.1 to 60"
TABLE = "must be a table"
HOST = "must be a host name or an address"
WRONG = [
    ('[nats]\nurl = "127.0.0.1:4222"', "nats.url", SCHEMES),
    ('[nats]\nurl = "http://127.0.0.1"', "nats.url", SCHEMES),
    ('[nats]\nurl = "nats://u:p@127.0.0.1"', "nats.url", "must not hold a user or a password"),
    ('[nats]\nurl = "nats://127.0.0.1/x"', "nats.url", "must end behind the host or port"),
    ('[nats]\nurl = "nats://"', "nats.url", "names no host"),
    ('[nats]\nurl = "nats://a b"', "nats.url", ASCII),
    ('[nats]\nurl = "nats://é"', "nats.url", ASCII),
    ('[nats]\nurl = "nats://127.0.0.1:x"', "nats.url", NO_URL),
    ('[nats]\nurl = "nats://127.0.0.1:99999"', "nats.url", NO_URL),
    ('[nats]\nurl = "nats://[::1"', "nats.url", NO_URL),
    ('[nats]\nurl = "nats://127.0.0.1:0"', "nats.url", "has port 0, where nobody can be"),
    ("[nats]\nurl = []", "nats.url", URLS),
    ("[nats]\nurl = 1", "nats.url", URLS),
    ("[nats]\nurl = [1]", "nats.url", URLS),
    ('[nats]\nurl = "ws://localhost"', "nats.url", SCHEMES),
    ('[nats]\nurl = "nats://localhost,wss://localhost"', "nats.url", SCHEMES),
    ('[nats]\nname = ""', "nats.name", TEXT),
    ('[nats]\nname = "a\\nb"', "nats.name", TEXT),
    ('[nats]\nuser = "u"', "nats.user", "needs password beside it"),
    ('[nats]\npassword = "p"', "nats.password", "needs user beside it"),
    (
        '[nats]\nuser = "u"\npassword = "p"\ntoken = "t"',
        "nats.token",
        "cannot be used beside user: there is one way to authenticate",
    ),
    (
        '[nats]\nnkey = "SU"\ncreds = "oms.toml"',
        "nats.creds",
        "cannot be used beside nkey: there is one way to authenticate",
    ),
    ('[nats]\nnkey = "UA"', "nats.nkey", "is not a secret that begins with S: an nkey's seed"),
    ('[nats]\ntls_key = "oms.toml"', "nats.tls_key", "needs tls_cert beside it"),
    ('[nats]\ncreds = "absent"', "nats.creds", "there is no file absent"),
    (
        '[nats]\ntls_ca = "~/ca.pem"',
        "nats.tls_ca",
        "begins with ~, which nobody expands: it must be written in full",
    ),
    ('[nats]\ntls_ca = "a\\u0000b"', "nats.tls_ca", "must be a path"),
    ('[nats]\nprefix = "oms.>"', "nats.prefix", WORDS),
    ('[nats]\nprefix = "oms..v1"', "nats.prefix", WORDS),
    ("[nats]\nnats_required = 1", "nats.nats_required", "must be true or false"),
    ('[nats]\nticks = "all"', "nats.ticks", TICKS),
    ("[nats]\nticks = ['both']", "nats.ticks", TICKS),
    ("nats = 1", "nats", TABLE),
    ("[[http]]", "http", TABLE),
    ("[http]\nport = true", "http.port", PORT),
    ("[http]\nport = 80.0", "http.port", PORT),
    ("[http]\nport = '80'", "http.port", PORT),
    ("[http]\nport = -1", "http.port", PORT),
    ('[http]\nhost = "a b"', "http.host", HOST),
    ('[log]\nlevel = "INFO"', "log.level", 'must be one of "debug", "info", "warning", "error"'),
    ("[limits]\nping = nan", "limits.ping", PING),
    ("[limits]\nping = inf", "limits.ping", PING),
    ("[limits]\nping = 1e400", "limits.ping", PING),
    ("[limits]\nping = 0", "limits.ping", PING),
    ("[limits]\nping = true", "limits.ping", PING),
    ("[limits]\nping = 2020-01-01", "limits.ping", PING),
    ("[limits]\nreconnect_limit = 0.4", "limits.reconnect_limit", "must not be less than reconnect_first"),
]


@pytest.mark.parametrize(
    ("text", "key", "said"), WRONG, ids=[f"{number}-{key}" for number, (_, key, _) in enumerate(WRONG)]
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, key: str, said: str) -> None:
    line = text.count("\n") + 1
    assert problems(tmp_path, f"{text}\n{LEAST}") == [f"oms.toml:{line}: {key}: {said}"]


ACCOUNT_WRONG = [
    ("login = 0", "login: must be a whole number from 1 to 9223372036854775807"),
    ("login = 9223372036854775808", "login: must be a whole number from 1 to 9223372036854775807"),
    ('login = "1001"', "login: must be a whole number from 1 to 9223372036854775807"),
    ('url = "ws://u@127.0.0.1"', "url: must not hold a user or a password"),
    ('url = "ws://127.0.0.1/#a"', "url: must not hold a fragment (#)"),
    ('url = "ws:127.0.0.1"', "url: names no host"),
    ("url = 1", "url: must be a ws:// or wss:// URL"),
    ('origin = "https://127.0.0.1/terminal"', "origin: must end behind the host or port"),
    ('origin = "127.0.0.1"', "origin: must begin with https:// or http://"),
    ('password = ""', "password: is empty"),
    (f'password = "{"x" * 33}"', "password: is not a secret of at most 32 characters"),
    (f'password = "{chr(0x1F511) * 17}"', "password: is not a secret of at most 32 characters"),
    ('password = "a\\nb"', "password: has a control character, or more than one line"),
    ('otp = "1890"', "otp: is not a secret in base 32"),
    ("symbols = []", "symbols: names nothing; leave the key out for all"),
    ('symbols = "EURUSD"', "symbols: must be a list of names and path masks"),
    ("symbols = ['']", "symbols: must be a list of names and path masks"),
    ("books = [1]", "books: must be a list of names and path masks"),
    ("aliases = { A = 1 }", "aliases: must be a table of our name = the broker's name"),
    ("aliases = { '' = 'A' }", "aliases: must be a table of our name = the broker's name"),
    ("aliases = { A = 'X', B = 'X' }", "aliases: has two names for one symbol"),
    ('cid = "00"', "cid: must be 32 hexadecimal digits"),
    ("risk = 1", "risk: must be a table"),
    ("risk = { max_moons = 1 }", "risk.max_moons: unknown key; is it max_positions?"),
    (
        "risk = { max_volume_per_order = -1 }",
        "risk.max_volume_per_order: must be a number with at most 8 decimals, from 0 to 1000000000",
    ),
    ("risk = { max_orders = true }", "risk.max_orders: must be a whole number, from 0 to 1000000"),
    (
        "risk = { max_daily_loss = nan }",
        "risk.max_daily_loss: must be a number with at most 8 decimals, from 0 to 1000000000000000",
    ),
    ("risk = { sides = ['up'] }", "risk.sides: must be a list of buy, sell, at most 100"),
    ("risk = { breach_until = 'noon' }", 'risk.breach_until: must be one of "resume", "next_day"'),
    ("risk = { clients = 1 }", "risk.clients: must be a table"),
    ("risk = { clients = { desk = 1 } }", "risk.clients.desk: must be a table"),
    (
        "risk = { clients = { 'a b' = {} } }",
        'risk.clients."a b": a client must be 1 to 32 letters, digits, _ or -',
    ),
    ("risk = { clients = { desk = { max_drawdown = 1 } } }", "risk.clients.desk.max_drawdown: unknown key"),
    ("statistics = ['EURUSD']", "statistics: unknown key"),
]


@pytest.mark.parametrize(
    ("line", "said"), ACCOUNT_WRONG, ids=[f"{n}-{t}"[:30] for n, (_, t) in enumerate(ACCOUNT_WRONG)]
)
def test_an_account_that_cannot_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    name = line.partition(" ")[0]
    rest = "\n".join(one for one in MAIN.splitlines()[1:] if not one.startswith(name))
    text = f"{DATA}[accounts.main]\n{line}\n{rest}\n"
    assert problems(tmp_path, text) == [f"oms.toml:4: accounts.main.{said}"]


@pytest.mark.parametrize("text", ["", "accounts = {}\n", "accounts = 1\n", "[[accounts]]\n"])
def test_there_must_be_an_account(tmp_path: Path, text: str) -> None:
    where = "oms.toml:1" if text else "oms.toml"
    assert problems(tmp_path, text + DATA) == [
        f"{where}: accounts: there must be one: a table [accounts.LABEL]"
    ]


@pytest.mark.parametrize("label", ["a b", "a.b", "", "x" * 33, "é", "a\\n"])
def test_a_label_is_a_word_of_a_subject(tmp_path: Path, label: str) -> None:
    (said,) = problems(tmp_path, LEAST.replace("main", f'"{label}"'))
    assert said.startswith("oms.toml:3: accounts.")
    assert said.endswith(": a label must be 1 to 32 letters, digits, _ or -")


def test_the_daemons_own_label_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, LEAST.replace("main", "_daemon")) == [
        "oms.toml:3: accounts._daemon: this label is the daemon's own"
    ]


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:8600/terminal", "WS://127.0.0.1:8600/terminal"]
)  # fmt: skip
def test_one_account_under_two_labels_is_refused(tmp_path: Path, url: str) -> None:
    other = f'[accounts.other]\nlogin = 1001\nurl = "{url}"\npassword = "x"\n'
    assert problems(tmp_path, LEAST + other) == [
        "oms.toml:8: accounts.other.login: is the account of accounts.main: same url, same login"
    ]
    assert list(loaded(tmp_path, LEAST + other.replace("1001", "1002")).accounts) == ["main", "other"]
    assert list(loaded(tmp_path, LEAST + other.replace("8600", "8601")).accounts) == ["main", "other"]


def test_the_usual_port_is_the_one_that_is_not_said(tmp_path: Path) -> None:
    one = '[accounts.one]\nlogin = 1\nurl = "wss://localhost"\npassword = "x"\n'
    two = '[accounts.two]\nlogin = 1\nurl = "wss://localhost:443/"\npassword = "x"\n'
    (said,) = problems(tmp_path, DATA + one + two)
    assert said.endswith("accounts.two.login: is the account of accounts.one: same url, same login")


def test_broken_toml_is_one_problem_with_its_line(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, DATA + "[accounts.main\n")
    assert said.startswith("oms.toml:3: not TOML: ")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("url", "away"),
    [
        ("ws://127.0.0.1:1/terminal", False),
        ("ws://127.9.9.9", False),
        ("wss://localhost", False),
        ("wss://LOCALHOST/x", False),
        ("ws://[::1]:8600/", False),
        ("wss://localhost.example", True),
        ("wss://127.0.0.1.example", True),
        ("wss://0.0.0.0", True),
        ("wss://10.0.0.1", True),
    ],
)
def test_accounts_beyond_this_machine_are_known(tmp_path: Path, url: str, away: bool) -> None:
    away_too = '[accounts.away]\nlogin = 7\nurl = "wss://away.example"\npassword = "x"\n'
    text = LEAST.replace("ws://127.0.0.1:8600/terminal", url) + away_too
    assert beyond_loopback(loaded(tmp_path, text)) == (("main", "away") if away else ("away",))


def test_an_open_way_to_another_machine_is_a_warning(tmp_path: Path) -> None:
    text = LEAST.replace("127.0.0.1", "venue.example")
    (warning,) = loaded(tmp_path, text).warnings
    assert str(warning).endswith(
        "oms.toml:4: accounts.main.url: is not encrypted: who is on the way can read the password"
    )
    assert loaded(tmp_path, text.replace("ws:", "wss:")).warnings == ()
