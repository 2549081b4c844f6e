"""Configurations on disk, and what came of loading them."""

from pathlib import Path

import pytest

from oms.config import ConfigError, Settings, load

DATA = '[data]\ndir = "data"\n'
MAIN = '[accounts.main]\nurl = "ws://127.0.0.1:8600/terminal"\nlogin = 1001\npassword = "paper"\n'
LEAST = DATA + MAIN  # a table begins on line 1, another on line 3


def file(folder: Path, text: str) -> Path:
    path = folder / "oms.toml"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    return load(file(folder, text), environ)


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    """What is wrong, without the folder; fails where nothing is."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, **environ)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]
