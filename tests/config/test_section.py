"""One section alone, for whoever only looks."""

from pathlib import Path

import pytest

from oms.config import ConfigError, DataSettings, NatsSettings, Secret, load_section
from tests.config.scene import file

OTHERS = (
    '[accounts.main]\nurl = "ws://127.0.0.1"\nlogin = 1\npassword = { file = "out of reach" }\n'
    "[http]\nport = -1\n[unheard]\n"
)


def test_what_is_wrong_elsewhere_does_not_matter(tmp_path: Path) -> None:
    text = '[data]\ndir = "data"\n[nats]\nuser = "desk"\npassword = { env = "WORD" }\n'
    path = file(tmp_path, text + OTHERS)
    environ = {"WORD": "secret", "OMS_DATA_MARKET_DAYS": "7", "OMS_HTTP_PROT": "1"}
    assert load_section(path, environ, DataSettings) == DataSettings(dir=tmp_path / "data", market_days=7)
    nats = load_section(path, environ, NatsSettings)
    assert nats == NatsSettings(user="desk", password=Secret("secret"))


def test_a_section_that_is_not_there_has_its_defaults(tmp_path: Path) -> None:
    assert load_section(file(tmp_path, OTHERS), {}, NatsSettings) == NatsSettings()


def test_what_is_wrong_in_it_is_told(tmp_path: Path) -> None:
    path = file(tmp_path, '[nats]\ncreds = "absent"\ntoken = { env = "TOKEN" }\nurls = "x"\n')
    with pytest.raises(ConfigError) as caught:
        load_section(path, {}, NatsSettings)
    assert [(one.line, one.key, one.what) for one in caught.value.problems] == [
        (3, "nats.token", "the variable TOKEN is not set"),
        (4, "nats.urls", "unknown key; is it url?"),
    ]
    with pytest.raises(ConfigError, match=r"data\.dir: must be given"):
        load_section(path, {}, DataSettings)
    with pytest.raises(ConfigError, match="there is no file"):
        load_section(file(tmp_path, '[nats]\ncreds = "absent"\n'), {}, NatsSettings)
