"""Every code of a refusal has one category, which says whether asking again may help."""

import ast
from pathlib import Path

import oms.queries
from oms.commands import CODES as READING
from oms.dispatch.codes import CODES as DISPATCH
from oms.domain.categories import CATEGORIES, OF_CODE, category_of, retry_of
from oms.domain.decide.codes import CODES as DECIDE
from oms.domain.decide.codes import PASSING
from oms.domain.refusals import CODES as REFUSALS
from oms.queries.refusal import CODES as QUERIES

TABLES = (READING, DISPATCH, DECIDE, REFUSALS, QUERIES)
ALL = {code for table in TABLES for code in table}


def test_the_categories_are_those_of_the_taxonomy() -> None:
    assert set(CATEGORIES) == {
        *("init", "auth", "breaker_open", "timeout", "data", "connection", "validation", "state"),
    }
    assert {kind.retry for kind in CATEGORIES.values()} == {"yes", "no", "unknown"}
    assert all(kind.meaning for kind in CATEGORIES.values())


def test_every_code_has_one_category_and_no_category_has_another_code() -> None:
    listed = [code for kind in CATEGORIES.values() for code in kind.codes]
    assert sorted(listed) == sorted(ALL)
    assert len(listed) == len(OF_CODE)


def test_what_passes_by_itself_may_be_asked_again_and_what_cannot_be_read_may_not() -> None:
    assert {retry_of(code) for code in PASSING} == {"yes"}
    assert {retry_of(code) for code in READING} == {"no"}
    assert (category_of("timeout"), retry_of("timeout")) == ("timeout", "unknown")
    assert (category_of("breaker_open"), retry_of("breaker_open")) == ("breaker_open", "yes")


def test_every_error_of_a_query_is_listed() -> None:
    """The codes that the sources of the queries refuse with, where they are spelled out."""
    found = set()
    for path in Path(oms.queries.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                code = node.args[0]
                if node.func.id in ("Refused", "not_found") and isinstance(code, ast.Constant):
                    found.add(code.value)
    assert found
    assert found <= set(QUERIES)
