"""docs/configuration.md says what the declarations say, and its example can be used."""

import re
from pathlib import Path

from oms.config import Secret, load
from oms.config.settings import SECTIONS, AccountSettings, Table
from tests.config.scene import file
from tests.docs_main import CONFIGURATION

TEXT = CONFIGURATION.path.read_text("utf-8")


def test_the_document_is_as_declared(tmp_path: Path) -> None:
    assert CONFIGURATION.check() == []
    copy = tmp_path / "configuration.md"
    copy.write_text(TEXT.replace("from 0 to 65535", "from 1 to 65535", 1), "utf-8")
    assert "make docs" in CONFIGURATION.check(copy)[-1]
    assert CONFIGURATION.write(copy) == []
    assert copy.read_text("utf-8") == TEXT


def test_every_key_is_in_it() -> None:
    tables: list[type[Table]] = [*SECTIONS.values(), AccountSettings]
    keys = [name for table in tables for name in table.__struct_fields__]
    assert [key for key in keys if f"\n| `{key}` | " not in TEXT] == ["risk"]


def test_its_example_can_be_used(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "second.password").touch(0o600)
    (tmp_path / "second.password").write_text("two\n")
    settings = load(file(tmp_path, text), {"MAIN_PASSWORD": "one"})
    assert {label: one.password for label, one in settings.accounts.items()} == {
        "main": Secret("one"),
        "second": Secret("two"),
    }
    assert settings.accounts["main"].symbols == ("EURUSD", "Forex\\*")
