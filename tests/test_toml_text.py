"""Where keys of a TOML text stand, and what is said about a text that is none."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.toml_lines import Key, lines_of
from oms.toml_text import MOST_BYTES, Document, TomlError, dotted, text_of

TEXT = '''\
# a comment with [brackets] and "quotes
top = 1

[server]  # [not.this]
host = "a # no comment"
"quoted = key" = 'x'
'"' = 2
long = """
[inner]
host = 1 \\""" still
""""
literal = \'\'\'
[inner]
""" \'\'\'\'\'
list = [
  "]", # ]
  { a = 1, b = "}" },
]
a.b . "c.d" = 1
[[rows]]
x = 1
[rows.inner]
y = 1
[[rows]]
x = 2
[rows.inner]
y = 2
[ "odd]" . last ]
z = 1'''


def test_every_key_is_on_its_line() -> None:
    assert lines_of(TEXT) == {
        ("top",): 2,
        ("server",): 4,
        ("server", "host"): 5,
        ("server", "quoted = key"): 6,
        ("server", '"'): 7,
        ("server", "long"): 8,
        ("server", "literal"): 12,
        ("server", "list"): 15,
        ("server", "a"): 19,
        ("server", "a", "b"): 19,
        ("server", "a", "b", "c.d"): 19,
        ("rows",): 20,
        ("rows", 0): 20,
        ("rows", 0, "x"): 21,
        ("rows", "inner"): 22,
        ("rows", 0, "inner"): 22,
        ("rows", 0, "inner", "y"): 23,
        ("rows", 1): 24,
        ("rows", 1, "x"): 25,
        ("rows", 1, "inner"): 26,
        ("rows", 1, "inner", "y"): 27,
        ("odd]", "last"): 28,
        ("odd]", "last", "z"): 29,
    }
    assert tomllib.loads(TEXT)["odd]"] == {"last": {"z": 1}}


def test_what_has_no_line_has_that_of_the_table_around_it() -> None:
    document = Document(TEXT)
    keys: list[Key] = [("server", "list", 1, "a"), ("server", "absent"), ("rows", 1, "absent"), ("absent",)]
    assert [document.line(key) for key in keys] == [15, 4, 24, 0]


@pytest.mark.parametrize("text", ["", "\n\n", "# only this", "a = 1\r\n\r\nb = 2\r\n"])
def test_ends_of_lines_are_those_of_the_file(text: str) -> None:
    assert lines_of(text) == {(name,): 1 + 2 * at for at, name in enumerate(tomllib.loads(text))}


NAMES = st.text("ab.=[]#'\" \n\\é", min_size=1, max_size=5)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(one):08x}" for one in text) + '"'


GAPS = st.sampled_from(["", "# [x\n", "\n", " \t"])
VALUES = st.sampled_from(
    [
        *("1", "'#'", '"]"', '"""\n[x]\n\\""""""', "'''\n\"\n'''"),
        *("[\n1, # ]\n'[',\n]", "{ a = '}', b = [\n] }", "[[\n]]"),
    ]
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(GAPS, NAMES, VALUES), unique_by=lambda row: row[1]), st.booleans())
def test_any_key_is_found_behind_any_value(rows: list[tuple[str, str, str]], table: bool) -> None:
    text = "['a b'.c]\n" if table else ""
    wanted: dict[Key, int] = {("a b", "c"): 1} if table else {}
    for before, name, value in rows:
        text += before
        wanted[(*(("a b", "c") if table else ()), name)] = text.count("\n") + 1
        text += f"{quoted(name)} = {value} # = [\n"
    assert lines_of(text) == wanted


@settings(max_examples=500, deadline=None)
@given(st.text("ab=[]{}\"'#.,\n\\ 1", max_size=40))
def test_any_text_is_a_document_or_an_error(text: str) -> None:
    found = outcome(text)
    if isinstance(found, TomlError):
        assert 1 <= found.line <= text.count("\n") + 1
    else:
        assert {key[0] for key in lines_of(text)} == set(found.data)


def outcome(text: str) -> Document | TomlError:
    try:
        return Document(text)
    except TomlError as wrong:
        return wrong


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\nb = ", 2, "not TOML: Invalid value"),
        ("a = [\n1,", 2, "not TOML: "),
        ("a = 1\na = 2", 2, "not TOML: Cannot overwrite"),
        ("a = " + "9" * 5000, 0, "a number in it is too large"),
        ("a = 1e" + "9" * 30, 0, "a number in it is too large"),
        ("a = " + "[" * 5000 + "]" * 5000, 0, "nested too deeply"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(TomlError, match=said) as caught:
        Document(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "a = {{ {0} = 1, {0} = 2 }}",
        "[{0}]\n[{0}]",
        "a = {{}}\na.{0} = 1",
        "[a]\n{0} = {{}}\n[a.{0}.b]",
        "a = {0}",
    ],
)
@pytest.mark.parametrize("name", ["hunter2", '"hunter2\'"', "'hunter2\"'"])
def test_no_name_is_repeated_that_might_be_a_secret(text: str, name: str) -> None:
    wrong = text.format(name) + (" x" if text == "a = {0}" else "")
    with pytest.raises(TomlError, match="not TOML") as caught:
        Document(wrong)
    assert "hunter" not in str(caught.value)


def test_fractions_keep_their_digits() -> None:
    assert Document("a = 1.10\nb = 1").data == {"a": Decimal("1.10"), "b": 1}
    assert str(Document("a = 1.10").data["a"]) == "1.10"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((), ""),
        (("accounts", 0, "login"), "accounts[0].login"),
        (("a b", "c"), '"a b".c'),
        (("\x1b[2J\n",), '"\\x1b[2J\\n"'),
        (('"',), '"\\""'),
    ],
)
def test_a_key_does_nothing_to_a_terminal(key: Any, text: str) -> None:
    assert dotted(key) == text


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    binary, large = tmp_path / "binary", tmp_path / "large"
    binary.write_bytes(b"\xff")
    large.write_bytes(b"#" * (MOST_BYTES + 1))
    said = {}
    for path in (tmp_path, tmp_path / "absent", binary, large):
        with pytest.raises(TomlError) as caught:
            text_of(path)
        said[path.name] = str(caught.value)
    assert said == {
        tmp_path.name: "cannot be read: Is a directory",
        "absent": "cannot be read: No such file or directory",
        "binary": "cannot be read: is not UTF-8",
        "large": "cannot be read: is larger than 4194304 bytes",
    }
