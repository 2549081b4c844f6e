"""An operator's words: of whom they are, by the subject and by the payload."""

import json
from typing import Any

import pytest

from oms.commands.operating import AliveWord, Restriction, UnreadableOperation, read_operation


def said(what: str, **fields: Any) -> Any:
    return read_operation(what, json.dumps(fields).encode(), {})


def refused(what: str, **fields: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(UnreadableOperation) as caught:
        said(what, **fields)
    return [(one.code, one.field) for one in caught.value.reasons]


def test_the_subject_says_which_client_it_is() -> None:
    """So that the permissions of NATS can say who may speak for whom."""
    word = said("alive.desk", within="30")
    assert isinstance(word, AliveWord)
    assert (word.client, str(word.within)) == ("desk", "30")
    assert said("alive.desk", client="desk") == said("alive", client="desk")
    assert isinstance(halt := said("halt.desk"), Restriction)
    assert halt.client == "desk"
    assert said("limits.desk", max_orders=1).limits.keys() == {"max_orders"}


def test_nobody_speaks_for_another_or_for_the_operator() -> None:
    assert refused("alive.desk", client="other") == [("client_mismatch", "client")]
    for subject in ("alive.", "alive.a b", "alive.desk.other"):
        assert refused(subject) == [("bad_value", "client")]
    assert refused("panic.desk") == refused("reconcile.desk") == [("unknown_verb", "verb")]
    assert refused("alive.desk", within=True) == [("bad_value", "within")]


@pytest.mark.parametrize("wrong", ["NaN", "-0", "1e2", -1, 86401, "0.0001", [], {}])
def test_a_time_that_is_none_is_refused(wrong: Any) -> None:
    assert refused("alive", within=wrong) == [("bad_value", "within")]
