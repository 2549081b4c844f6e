"""docs/commands.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

from oms.cli.statuses import IN_VAIN, UNDER_WAY, UNKNOWN, WORKED
from oms.commands import read
from oms.commands.envelope import Envelope
from oms.commands.operating import OPERATOR_VERBS
from oms.dispatch.options import Options
from oms.domain.commands import VERBS
from tests.docs_commands import EXAMPLES, OPERATING, REASONS, STATUSES
from tests.docs_fields import comments_of
from tests.docs_main import COMMANDS

TEXT = COMMANDS.path.read_text("utf-8")


def test_the_document_is_as_declared(tmp_path: Path) -> None:
    assert COMMANDS.check() == []
    copy = tmp_path / "commands.md"
    copy.write_text(TEXT.replace("| volume | lots | required |", "| volume | lots |  |", 1), "utf-8")
    assert "make docs" in COMMANDS.check(copy)[-1]


def test_every_verb_has_a_section_and_examples() -> None:
    assert set(EXAMPLES) == set(VERBS)
    for verb in VERBS:
        assert f"\n## {verb}\n" in TEXT


@pytest.mark.parametrize(
    ("verb", "what", "fields"),
    [(verb, what, fields) for verb, examples in EXAMPLES.items() for what, fields in examples],
)
def test_every_example_is_read(verb: str, what: str, fields: dict[str, object]) -> None:
    found = read(what, json.dumps(fields).encode(), {})
    assert found.verb.verb == verb
    assert set(found.payload) == set(fields) - set(Envelope.__struct_fields__)


def test_every_status_has_a_meaning() -> None:
    assert set(STATUSES) == WORKED | UNDER_WAY | IN_VAIN | {UNKNOWN}


def test_every_code_stands_there_once() -> None:
    told = re.findall(r"^\| `(\w+)` \| .+ \|", TEXT, re.MULTILINE)
    assert sorted(told) == sorted(code for table in REASONS.values() for code in table)
    assert len(told) == len(set(told))


def test_every_operation_has_a_meaning() -> None:
    assert tuple(OPERATING) == OPERATOR_VERBS


def test_the_defaults_are_those_of_the_code() -> None:
    told = comments_of(Envelope)
    assert f"{Options().deadline_s:g} s" in told["deadline"]
    assert f"{Options().wait_s:g} s" in told["wait"]


def test_every_link_leads_somewhere() -> None:
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", TEXT, re.MULTILINE)}
    links = set(re.findall(r"\]\(#(\w+)\)", TEXT))
    assert links >= {"modify", "operators", "outcome", "reason"}
    assert links <= headings
    for path in set(re.findall(r"\]\((\w+\.md)\)", TEXT)):
        assert (COMMANDS.path.parent / path).exists()
