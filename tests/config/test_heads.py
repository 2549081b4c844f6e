"""[heads]: a key and its public half belong together, and who only checks needs no secret."""

from pathlib import Path

import pytest

from oms.config import HeadSettings, load_section
from oms.heads.keys import SigningKey
from tests.config.scene import file

KEY, OTHER = SigningKey.generate(), SigningKey.generate()


def refused(folder: Path, text: str) -> list[str]:
    from oms.config import ConfigError

    with pytest.raises(ConfigError) as told:
        load_section(file(folder, text), {}, HeadSettings)
    return [f"{one.key}: {one.what}" for one in told.value.problems]


def test_the_public_half_of_the_key_is_believed(tmp_path: Path) -> None:
    keys = f'public_key = ["{OTHER.public}", "{KEY.public}"]'
    found = load_section(file(tmp_path, f'[heads]\nkey = "{KEY.text}"\n{keys}\n'), {}, HeadSettings)
    assert (found.public_key, found.every, found.file) == ((OTHER.public, KEY.public), 60.0, None)
    told = f"heads.public_key: must be that of key, or have it among them: {KEY.public}"
    assert refused(tmp_path, f'[heads]\nkey = "{KEY.text}"\npublic_key = "{OTHER.public}"\n') == [told]
    assert refused(tmp_path, f'[heads]\nkey = "{KEY.text}"\n') == [told]


def test_a_file_needs_a_key(tmp_path: Path) -> None:
    assert refused(tmp_path, '[heads]\nfile = "heads"\n') == [
        "heads.file: needs key beside it: nothing signs"
    ]


def test_halves_under_each_others_name_are_refused_and_not_repeated(tmp_path: Path) -> None:
    for text in (f'key = "{KEY.public}"', f'public_key = "{KEY.text}"', "public_key = []"):
        (problem,) = refused(tmp_path, f"[heads]\n{text}\n")
        assert KEY.text not in problem
        assert "ed25519" in problem


def test_who_only_checks_needs_no_secret(tmp_path: Path) -> None:
    text = f'[heads]\nkey = {{ file = "gone" }}\npublic_key = "{KEY.public}"\nfile = "heads"\n'
    found = load_section(file(tmp_path, text), {}, HeadSettings, secrets=False)
    assert (found.key, found.public_key) == (None, (KEY.public,))
    assert len(refused(tmp_path, text)) == 1
