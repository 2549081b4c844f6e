"""Every golden vector of the scalar topics gives exactly what the official client gave."""

import json
from pathlib import Path
from typing import Any

import pytest

from oms.cli.wire.check import TOPICS

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = ("profit_margin", "more_profit", "more_margin", "scalars_and_checks", "more_scalars")


def load() -> list[Any]:
    vectors = [
        vector
        for file in FILES
        for vector in json.loads((VECTORS / f"{file}.json").read_text("utf-8"))
        if vector["topic"] in TOPICS
    ]
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


@pytest.mark.parametrize("vector", load())
def test_vector(vector: dict[str, Any]) -> None:
    parsed = TOPICS[vector["topic"]](vector["fields"])
    assert json.loads(json.dumps(parsed, allow_nan=False)) == vector["parsed"]


def test_all_topics_have_vectors() -> None:
    seen = {param.values[0]["topic"] for param in load()}
    assert seen == {"normalize", "price", "volume", "mask", "profit", "margin"}
    assert len(load()) >= 255
