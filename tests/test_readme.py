"""What the README shows is what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
OMS = Path(sys.executable).with_name("oms")


def test_the_conversation_of_the_readme_prints_what_it_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"# {done.stdout.strip()}" in code


@pytest.mark.slow
def test_the_commands_of_the_readme_answer_what_it_says() -> None:
    (session,) = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    shown = re.findall(r"^\$ (.*?)\n(\{.*?\})$", session, re.DOTALL | re.MULTILINE)
    assert len(shown) == 3
    for typed, answer in shown:
        command = typed.replace("\n> ", "\n").replace(".venv/bin/oms", str(OMS))
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        beginning = answer.split("...")[0]
        assert done.stdout.startswith(beginning)
        assert json.loads(done.stdout)
