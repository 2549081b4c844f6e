"""Whatever the file and the environment say: settings, or a ConfigError whose problems have their place."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from oms.config import AccountSettings, ConfigError, Settings, load
from oms.config.settings import SECTIONS, Table
from tests.config.scene import LEAST

HURRIED = hypothesis_settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KINDS: list[type[Table]] = [*SECTIONS.values(), AccountSettings]
FIELDS = sorted({name for kind in KINDS for name in kind.__struct_fields__})
WORDS = [
    *("ws://127.0.0.1", "nats://[::1]:4222,tls://a", "0", "8080", "true", "json", "JBSWY3DP"),
    *("/dev/zero", ".", "a/b"),
]

TEXTS = st.sampled_from(WORDS) | st.text("ab\\\"'=[]#\n\0é:/@~", max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["env", "file", "keyrin", "a", "é b"]), inner, max_size=2)
    ),
    max_leaves=6,
)
ACCOUNTS = ["accounts", "accounts.main", "accounts.other", "accounts.other.risk", "accounts.'a b'"]
TABLES = st.sampled_from([*SECTIONS, *ACCOUNTS, "x"])


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(f"\\U{ord(one):08x}" for one in value) + '"'
        case list():
            return "[\n" + ",\n".join(map(toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{toml(name)} = {toml(one)}" for name, one in value.items()) + "}"
    return str(value)


def outcome(path: Path, environ: dict[str, str]) -> Settings | ConfigError:
    try:
        return load(path, environ)
    except ConfigError as wrong:
        return wrong


def judge(path: Path, text: str, environ: dict[str, str]) -> None:
    path.write_text(text, "utf-8", newline="")
    found = outcome(path, environ)
    if isinstance(found, Settings):
        assert found.accounts
        return
    assert found.problems
    for one in found.problems:
        assert one.place == str(path) or one.place.removeprefix("variable ") in environ
        assert 0 <= one.line <= text.count("\n") + 1
        assert one.what


@HURRIED
@given(text=st.text(max_size=60) | st.text("[]{}=.,#'\"\\\n\ra1 ", max_size=60))
def test_any_text(tmp_path: Path, text: str) -> None:
    judge(tmp_path / "any.toml", text, {})
    judge(tmp_path / "any.toml", LEAST + text, {})


@pytest.mark.slow
@HURRIED
@given(
    rows=st.lists(st.tuples(TABLES, st.sampled_from(FIELDS) | TEXTS, VALUES), max_size=6), least=st.booleans()
)
def test_any_toml(tmp_path: Path, rows: list[tuple[str, str, Any]], least: bool) -> None:
    text = LEAST if least else ""
    for table, key, value in rows:
        text += f"[{table}]\n{toml(key)} = {toml(value)}\n"
    judge(tmp_path / "any.toml", text, {})


NAMES = st.builds(
    lambda table, field: f"OMS_{table}_{field}".upper().replace(".", "_"), TABLES, st.sampled_from(FIELDS)
)


@pytest.mark.slow
@HURRIED
@given(environ=st.dictionaries(NAMES, TEXTS | st.text(st.characters(codec=None), max_size=5), max_size=4))
def test_any_environment(tmp_path: Path, environ: dict[str, str]) -> None:
    judge(tmp_path / "any.toml", LEAST, environ)


def test_a_good_one_is_among_them(tmp_path: Path) -> None:
    (tmp_path / "any.toml").write_text(LEAST)
    assert load(tmp_path / "any.toml", {}).accounts.keys() == {"main"}
