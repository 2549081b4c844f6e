"""Variables over the file."""

from pathlib import Path

import pytest

from oms.config import Secret
from tests.config.scene import LEAST, loaded, problems

OTHER = '[accounts.a-b]\nurl = "ws://127.0.0.1"\nlogin = 1\npassword = "x"\n'


def test_a_variable_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    settings = loaded(
        tmp_path,
        LEAST + OTHER + "[http]\nport = 'broken'\n",
        OMS_NATS_URL="nats://127.0.0.1:1,nats://127.0.0.1:2",
        OMS_NATS_TOKEN="true",  # noqa: S106
        OMS_NATS_NATS_REQUIRED="false",
        OMS_DATA_DIR="data",
        OMS_DATA_MARKET_GB="0.25",
        OMS_HTTP_PORT="8081",
        OMS_LOG_FORMAT="json",
        OMS_LIMITS_PING="2",
        OMS_ACCOUNTS_MAIN_LOGIN="77",
        OMS_ACCOUNTS_MAIN_PASSWORD="{ env = 'X' }",  # noqa: S106
        OMS_ACCOUNTS_A_B_CID="00" * 16,
        OMS_ACCOUNTS_A_B_REDUCE_WHILE_RECONCILING="false",
    )
    assert settings.nats.url == ("nats://127.0.0.1:1", "nats://127.0.0.1:2")
    assert (settings.nats.token, settings.nats.nats_required) == (Secret("true"), False)
    assert (settings.data.dir, settings.data.market_gb) == (Path("/data"), 0.25)
    assert (settings.http.port, settings.log.format, settings.limits.ping) == (8081, "json", 2.0)
    main, other = settings.accounts["main"], settings.accounts["a-b"]
    assert (main.login, main.password) == (77, Secret("{ env = 'X' }"))
    assert (other.cid, other.reduce_while_reconciling) == (bytes(16), False)
    assert main.password.source == settings.origins["accounts.main.password"]
    assert main.password.source == "variable OMS_ACCOUNTS_MAIN_PASSWORD"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OMS_HTTP_PORT", "", "http.port: must be a whole number from 0 to 65535"),
        ("OMS_HTTP_PORT", " 1", "http.port: must be a whole number from 0 to 65535"),
        ("OMS_HTTP_PORT", "1_0", "http.port: must be a whole number from 0 to 65535"),
        ("OMS_HTTP_PORT", "٣", "http.port: must be a whole number from 0 to 65535"),
        ("OMS_HTTP_PORT", "9" * 5000, "http.port: must be a whole number from 0 to 65535"),
        ("OMS_HTTP_ENABLED", "True", "http.enabled: must be true or false"),
        ("OMS_HTTP_ENABLED", "1", "http.enabled: must be true or false"),
        ("OMS_LIMITS_PING", "nan", "limits.ping: must be a number from 0.1 to 60"),
        ("OMS_LIMITS_PING", "1e1", "limits.ping: must be a number from 0.1 to 60"),
        ("OMS_LIMITS_PING", "15", None),  # the problem is silence's, which the file does not have
        ("OMS_DATA_DIR", "\udcff", "data.dir: must be a path"),
        ("OMS_ACCOUNTS_MAIN_ALIASES", "{}", "accounts.main.aliases: can be set in the file only"),
        ("OMS_ACCOUNTS_MAIN_BOOKS", "[]", "accounts.main.books: can be set in the file only"),
    ],
)
def test_a_variable_is_as_strict_as_the_file(tmp_path: Path, name: str, value: str, said: str | None) -> None:
    wanted = f"variable {name}: {said}" if said else "oms.toml: limits.silence: must be more than ping"
    assert problems(tmp_path, LEAST, **{name: value}) == [wanted]


@pytest.mark.parametrize(
    "name",
    ["OMS_NATS_", "OMS_NATS_URLS", "OMS_ACCOUNTS_OTHER_LOGIN", "OMS_ACCOUNTS_MAIN_RISK",
     "OMS_ACCOUNTS_main_LOGIN", "OMS_DATA_dir", "OMS_LOG_LEVEL_", "OMS_LIMITS_X", "OMS_HTTP_PORTS"],
)  # fmt: skip
def test_a_variable_like_ours_that_stands_for_nothing_is_refused(tmp_path: Path, name: str) -> None:
    (said,) = problems(tmp_path, LEAST, **{name: "1"})
    assert said.startswith(f"variable {name}: stands for no key")


def test_variables_of_others_do_not_matter(tmp_path: Path) -> None:
    others = ("OMS_PAPER_CONTROL", "OMS_CONFIG", "OMS", "NATS_URL", "OMS_NATS", "PATH")
    settings = loaded(tmp_path, LEAST, **dict.fromkeys(others, "x"))
    assert settings.origins.keys() == {
        "data.dir", "accounts.main.url", "accounts.main.login", "accounts.main.password"
    }  # fmt: skip


def test_a_secret_may_name_any_variable(tmp_path: Path) -> None:
    text = LEAST.replace('"paper"', '{ env = "OMS_ACCOUNTS_MAIN_PW" }')
    assert loaded(tmp_path, text, OMS_ACCOUNTS_MAIN_PW="p").accounts["main"].password == Secret("p")


def test_a_variable_for_two_accounts_is_refused(tmp_path: Path) -> None:
    text = LEAST + OTHER + OTHER.replace("a-b", "a_b").replace("login = 1", "login = 2")
    assert list(loaded(tmp_path, text).accounts) == ["main", "a-b", "a_b"]
    assert problems(tmp_path, text, OMS_ACCOUNTS_A_B_LOGIN="3")[0] == (
        "variable OMS_ACCOUNTS_A_B_LOGIN: accounts.a-b.login: "
        "stands for accounts.a-b.login and accounts.a_b.login at once"
    )
