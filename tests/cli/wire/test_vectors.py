"""Every golden vector of the wire, both ways."""

import zlib
from typing import Any

import pytest

from oms.cli.wire.lines import decode, encode
from oms.cli.wire.steps import check_line
from tests.protocol.golden import STEPPED, Vector, bodies, difference, vectors

COMPRESSED = 34


def by_name(found: Any) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in found]


def names_only(vector: Vector) -> Any:
    return {"kind": vector["kind"], "command": vector["command"], "fields": vector["fields"]}


def inflated(body: bytes) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body[4:])


@pytest.mark.parametrize("vector", by_name(v for v in bodies() if not v.get("encode_only")))
def test_a_body_decodes_to_its_fields(vector: Vector) -> None:
    line = decode({"kind": vector["kind"], "command": vector["command"], "hex": vector["hex"]})
    assert difference(line["fields"], vector["fields"]) is None
    assert line["drift"].get("unread", 0) == vector.get("drift", {}).get("unread", 0)
    assert (line["kind"], line["command"]) == (vector["kind"], vector["command"])


@pytest.mark.parametrize("vector", by_name(v for v in bodies() if not v.get("decode_only")))
def test_fields_encode_to_the_bytes_of_the_official_client(vector: Vector) -> None:
    line = encode(names_only(vector))
    assert (line["kind"], line["command"]) == (vector["kind"], vector["command"])
    made, wanted = bytes.fromhex(line["hex"]), bytes.fromhex(vector["hex"])
    if (vector["kind"], vector["command"]) == ("response", COMPRESSED):
        assert inflated(made) == inflated(wanted)
    else:
        assert made.hex() == wanted.hex()


SEALED = [*vectors(lambda v: v["kind"] in ("frame", "cipher"))]


@pytest.mark.parametrize("vector", by_name(SEALED))
def test_a_sealed_message_opens_under_its_key(vector: Vector) -> None:
    given = {name: vector["fields"][name] for name in ("direction", "key") if name in vector["fields"]}
    line = decode({"kind": vector["kind"], "hex": vector["hex"], "fields": given})
    told = {**line["fields"], "command": line["command"]}
    expected = {"prefix": [0xAA, 0xBB], **vector["fields"], "command": vector["command"]}
    header = {"body_length": len(vector["hex"]) // 2 - 8, "version": 1} if vector["kind"] == "frame" else {}
    assert difference(told, expected | header) is None
    assert {name: told[name] for name in vector["parsed"]} == vector["parsed"]
    assert line["drift"] == {}


@pytest.mark.parametrize("vector", by_name(SEALED))
def test_a_message_is_sealed_as_by_the_official_client(vector: Vector) -> None:
    assert encode(names_only(vector))["hex"] == vector["hex"]


RECORDS = [*vectors(lambda v: v["kind"] == "record" and "topic" not in v)]


@pytest.mark.parametrize("vector", by_name(RECORDS))
def test_a_filetime_goes_both_ways(vector: Vector) -> None:
    assert decode({"kind": "record", "hex": vector["hex"]})["fields"] == vector["parsed"]
    assert encode({"kind": "record", "fields": vector["fields"]})["hex"] == vector["hex"]


MERGES = [*vectors(lambda v: v.get("topic") in STEPPED)]


@pytest.mark.parametrize("vector", by_name(MERGES))
def test_a_merge_agrees_with_the_official_client_after_every_step(vector: Vector) -> None:
    name = STEPPED[vector["topic"]]
    answer = check_line(name, {"fields": vector["fields"], "steps": vector["steps"]})
    assert [step[name] for step in answer["steps"]] == [step[name] for step in vector["steps"]]
    assert answer["parsed"] == vector["parsed"]


def test_no_vector_is_left_out() -> None:
    """Counted by hand in the files: a loader that finds nothing would pass everything above."""
    assert len(bodies()) == 182
    assert len([v for v in bodies() if v.get("encode_only")]) == 8
    assert len([v for v in bodies() if v.get("decode_only")]) == 8
    assert len([v for v in bodies() if "drift" in v]) == 5
    assert (len(SEALED), len(RECORDS), len(MERGES)) == (19, 3, 64)
    commands = {(v["kind"], v["command"]) for v in bodies()}
    assert {command for kind, command in commands if kind == "request"} >= {0, 5, 7, 11, 12, 24, 27, 28, 43}
    assert {command for kind, command in commands if kind == "push"} == {8, 10, 13, 14, 15, 17, 19, 23}
