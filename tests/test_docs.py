"""docs/protocol.md says what the code declares, and the code cites only sections that it has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.records.market import RATES_REQUEST
from tests.docs_main import PROTOCOL
from tests.docs_tables import ENUMS, LAYOUTS, enum_table, problems, record_table, sections

ROOT = PROTOCOL.path.parent.parent
TEXT = PROTOCOL.path.read_text("utf-8")

# docs/protocol.md 4.2, 4.3 and 7: all the numbers behind the name, over the end of a line too.
CITATION = re.compile(r"docs/protocol\.md[\s#]+(\d+(?:\.\d+)?(?:(?:,| and| or)[\s#]+\d+(?:\.\d+)?)*)")
HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)")


def cited(source: str) -> set[str]:
    return {number for found in CITATION.findall(source) for number in re.findall(r"\d+(?:\.\d+)?", found)}


def check(text: str, copy: Path) -> list[str]:
    copy.write_text(text, "utf-8")
    said = PROTOCOL.check(copy)
    assert copy.read_text("utf-8") == text
    return said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "protocol.md"


def test_the_document_is_as_declared(copy: Path) -> None:
    assert check(TEXT, copy) == []


def test_make_check_would_pass_for_all_documents() -> None:
    command = [sys.executable, "-m", "tests.docs_main", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| 16 | time_create | u32 |", "| 16 | time_created | u32 |"),  # a field
        ("| 92 | price_open | f64 |", "| 93 | price_open | f64 |"),  # its offset
        ("| 88 | trade_action | u32 |", "| 88 | trade_action | i32 |"),  # its type
        ("| 0 buy, 1 sell |", "| 1 buy, 0 sell |"),  # its meaning
        ("| 6 | BUY_STOP_LIMIT |", "| 7 | BUY_STOP_LIMIT |"),  # a value
        ("| 12 | trade | terminal |", "| 12 | trade | gateway |"),  # a command
        ("| T → LOGGED_IN |", "| T |"),  # a state
    ],
)
def test_an_edited_table_is_told_with_its_line_and_the_remedy(old: str, new: str, copy: Path) -> None:
    assert old in TEXT
    said = check(TEXT.replace(old, new, 1), copy)
    assert any(line.startswith("-") and new in line for line in said)
    assert said[-1] == f"{copy} differs from the declarations; `make docs` mends it"
    assert PROTOCOL.write(copy) == []
    assert copy.read_text("utf-8") == TEXT


@pytest.mark.parametrize("name", ["table: POSITION", "enum: OrderType", "commands", "states"])
def test_a_part_that_is_missing_is_told(name: str, copy: Path) -> None:
    start = TEXT.index(f"\n<!-- {name} -->\n") + 1
    end = TEXT.index("<!-- end -->", start) + len("<!-- end -->")
    assert check(TEXT[:start] + TEXT[end:], copy) == [f"{copy}: no part <!-- {name} -->"]


@pytest.mark.parametrize("name", ["table: POSITIONS", "enum: Order", "stats"])
def test_a_marker_that_names_nothing_is_told(name: str, copy: Path) -> None:
    assert check(f"{TEXT}\n<!-- {name} -->\n<!-- end -->\n", copy) == [
        f"{copy}: <!-- {name} --> names nothing"
    ]


def test_a_part_without_its_end_is_told_and_swallows_nothing(copy: Path) -> None:
    start = TEXT.index("<!-- end -->", TEXT.index("<!-- table: POSITION -->"))
    broken = TEXT[:start] + TEXT[start + len("<!-- end -->\n") :]
    told = f"{copy}: <!-- table: POSITION --> has no <!-- end -->"
    assert told in check(broken, copy)
    assert told in PROTOCOL.write(copy)
    assert copy.read_text("utf-8") == broken


def test_a_part_that_is_there_twice_is_told() -> None:
    assert problems(f"{TEXT}\n<!-- enum: Side -->\n<!-- end -->\n") == ["<!-- enum: Side --> is there twice"]


def test_a_reference_to_no_section_is_told() -> None:
    assert problems(f"{TEXT}\nsee §4.99\n") == ["§4.99 leads nowhere"]


def test_a_long_diff_is_cut_short(copy: Path) -> None:
    emptied = re.sub(r"^\| \d+ \| .*\n", "", TEXT, flags=re.MULTILINE)
    said = check(emptied, copy)
    assert re.fullmatch(r"\.\.\. \d+ more lines", said[-2])
    assert len(said) < 70


def test_a_table_shows_wire_names_sizes_and_comments() -> None:
    assert record_table(RATES_REQUEST).splitlines() == [
        "| off | field | type | meaning |",
        "| --- | --- | --- | --- |",
        "| 0 | trade_symbol | utf16 64 | |",
        "| 64 | period | u16 | timeframe code, §4.11 |",
        "| 66 | from | i32 | server-time seconds (the UI has ms, floored) |",
        "| 70 | to | i32 | server-time seconds |",
        "| 74 | (end) | | |",
    ]


def test_nested_inherited_and_following_fields_are_shown() -> None:
    assert "| 1536 | trade | TRADE_SETTINGS 628 | how it may be traded |" in record_table(
        LAYOUTS["FULL_SYMBOL"]
    )
    assert "| 388 | margin_rates_initial | 8 × f64 |" in record_table(LAYOUTS["TRADE_SETTINGS"])
    assert "| 196 | cid | bytes 16 | client id, see §2.4 |" in record_table(LAYOUTS["LOGIN"])
    assert record_table(LAYOUTS["BOOK_HEAD"]).endswith("| … | levels | n × BOOK_LEVEL | count of them |")


def test_meanings_of_an_enumeration_are_kept_by_name() -> None:
    written = enum_table(ENUMS["Side"], "| value | name | meaning |\n| 7 | SELL | goes short |\n")
    assert written.splitlines()[2:] == ["| 0 | BUY | |", "| 1 | SELL | goes short |"]
    assert enum_table(ENUMS["Side"]).splitlines()[0] == "| value | name |"


def test_an_enumeration_stands_in_a_section_that_its_docstring_cites() -> None:
    section, strays = "", []
    for line in TEXT.splitlines():
        if heading := HEADING.match(line):
            section = heading[1]
        if line.startswith("<!-- enum: "):
            name = line.removeprefix("<!-- enum: ").removesuffix(" -->")
            if section not in cited(ENUMS[name].__doc__ or ""):
                strays.append((name, section))
    assert strays == []


def test_citations_are_found() -> None:
    source = (
        '"""(docs/protocol.md 2.2, 4 and 5.\n\ndocs/protocol.md\n    7.2) docs/protocol.md 12, topic 3"""'
    )
    assert cited(source) == {"2.2", "4", "5", "7.2", "12"}
    assert cited("# docs/protocol.md\n# 4.10 or 4.11") == {"4.10", "4.11"}


def test_every_section_the_code_cites_exists() -> None:
    known = sections(TEXT)
    sources = [path for folder in ("protocol", "oms") for path in (ROOT / folder).rglob("*.py")]
    numbers = {path: cited(path.read_text("utf-8")) for path in sources}
    assert {path: sorted(missing) for path, those in numbers.items() if (missing := those - known)} == {}
    assert set.union(*numbers.values()) >= {"1", "4.2", "7.4", "12"}


def test_the_sections_keep_their_numbers() -> None:
    parts = {1: 0, 2: 4, 3: 0, 4: 12, 5: 6, 6: 9, 7: 7, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0, 13: 0}
    expected = {
        "0",
        *map(str, parts),
        *(f"{n}.{m}" for n, count in parts.items() for m in range(1, count + 1)),
    }
    assert sections(TEXT) == expected
