"""Mask lists: the official client's vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from oms.paper.masks import matches

FILE = Path(__file__).parent.parent / "protocol" / "vectors" / "more_scalars.json"
VECTORS = [vector for vector in json.loads(FILE.read_text("utf-8")) if vector.get("topic") == "mask"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_mask_takes_what_the_official_client_takes(vector: dict[str, Any]) -> None:
    assert matches(vector["fields"]["mask"], vector["fields"]["path"]) == (vector["parsed"]["match"])


def test_the_vectors_are_there() -> None:
    assert len(VECTORS) == 30


@pytest.mark.parametrize(
    ("masks", "path", "taken"),
    [
        ("EURUSD,GBP*", "EURUSD", True),  # one item is enough
        ("*", "", False),  # nothing takes an empty path
        ("ab*ba", "aba", False),  # the ends of a pattern do not overlap
        ("*ab*ab*", "xabyab", True),
        ("*ab*ab*", "xab", False),
        ("*ab*b", "xab", False),  # nor do its middle and its end
    ],
)
def test_what_the_vectors_leave_out(masks: str, path: str, taken: bool) -> None:
    assert matches(masks, path) == taken
