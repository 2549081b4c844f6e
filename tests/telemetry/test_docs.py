"""docs/metrics.md is as declared, and the declarations are fit to be shown."""

import re
from pathlib import Path

from oms.telemetry.declared import METRICS
from tests.docs_main import METRICS as DOCUMENT


def test_the_document_is_as_declared() -> None:
    assert DOCUMENT.check() == []


def test_an_edited_line_is_told_and_mended(tmp_path: Path) -> None:
    copy, text = tmp_path / "metrics.md", DOCUMENT.path.read_text("utf-8")
    line = "| `oms_ticks_received_total` | counter | `account` | Ticks that venues sent. |"
    assert line in text
    copy.write_text(text.replace(line, line.replace("counter", "gauge")), "utf-8")
    assert f"+{line}" in DOCUMENT.check(copy)
    assert DOCUMENT.write(copy) == []
    assert copy.read_text("utf-8") == text


def test_names_are_there_once_and_follow_the_rules_of_prometheus() -> None:
    names = [declared.exposed for declared in METRICS]
    assert len(set(names)) == len(names)
    for declared in METRICS:
        assert re.fullmatch(r"oms(_[a-z]+)+", declared.exposed)
        assert declared.exposed.endswith("_total") == (declared.kind == "counter")
        assert declared.description.endswith(".")
        assert (len(declared.buckets) > 0) == (declared.kind == "histogram")
        assert list(declared.buckets) == sorted(set(declared.buckets))
