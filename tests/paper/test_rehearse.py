"""docs/rehearse.md: its examples run, and it leaves nothing out."""

import re
import shlex
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from oms.cli.paper.ctl import _object
from oms.paper import settings
from oms.paper.behaviour import Behaviour
from oms.paper.calls import CALLS, call_of
from oms.paper.faults import Act, Fault
from oms.paper.listing import SymbolSettings
from oms.paper.manners import Manners

PAGE = Path("docs/rehearse.md")
TEXT = PAGE.read_text()
TOML = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
CALLED = re.findall(r"^\$ oms paper ctl (.*?)(?:\s+#.*)?$", TEXT, re.MULTILINE)
TABLES: dict[str, type[msgspec.Struct]] = {
    "Settings": settings.Settings,
    "server": settings.ServerSettings,
    "control": settings.ControlSettings,
    "zone": settings.ZoneSettings,
    "feed": settings.FeedSettings,
    "demo": settings.DemoSettings,
    "protocol": Manners,
    "trading": Behaviour,
    "accounts": settings.AccountSettings,
    "symbols": SymbolSettings,
    "faults": Fault,
}


@pytest.mark.parametrize("text", TOML)
def test_the_settings_shown_can_be_used(text: str, tmp_path: Path) -> None:
    (tmp_path / "eurusd.csv.gz").write_bytes(b"")
    file = tmp_path / "paper.toml"
    file.write_text(text)
    assert settings.load(file) != settings.default()


@pytest.mark.parametrize("line", CALLED)
def test_the_calls_shown_are_calls(line: str) -> None:
    word, *fields = shlex.split(line)
    assert type(call_of({"do": word, **_object(fields)}, strict=False)) is CALLS[word]


def test_there_are_examples() -> None:
    assert len(TOML) == 3
    assert len(CALLED) == 14


@pytest.mark.parametrize("word", [*CALLS, *get_args(Act)])
def test_every_call_and_fault_is_named(word: str) -> None:
    assert f"`{word}`" in TEXT


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_named(table: str) -> None:
    words = set(re.findall(r"[a-z_]+", TEXT))
    assert {field.encode_name for field in msgspec.structs.fields(TABLES[table])} - words == set()
