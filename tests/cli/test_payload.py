"""What is typed becomes the payload, as it is typed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.cli.ending import Failure
from oms.cli.payload import payload_of
from oms.cli.trade.verbs import FIELDS, VERBS
from oms.domain.commands import VERBS as TYPES

TEXTS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: bool(text.strip()))
PASSING = sorted(FIELDS.keys() - {"deviation", "expires_at", "deviation_advisory"})


@pytest.mark.parametrize("name", TYPES)
def test_options_are_the_fields_of_the_command(name: str) -> None:
    assert sorted(VERBS[name].fields) == sorted(TYPES[name].__struct_fields__)


def test_each_verb_has_its_command() -> None:
    assert VERBS.keys() == TYPES.keys()
    assert FIELDS.keys() == {field for verb in VERBS.values() for field in verb.fields}


def test_what_sweeps_is_known() -> None:
    assert [name for name, verb in VERBS.items() if verb.sweeps] == ["close_all", "cancel_all"]


@given(st.sampled_from(PASSING), TEXTS)
def test_values_go_as_they_were_typed(name: str, typed: str) -> None:
    assert json.loads(payload_of("submit", {name: typed})) == {name: typed}


@pytest.mark.parametrize("typed", ["1e400", "0.10", "NaN", "-1", "0,1", "lots", " 0.1 ", "１"])
def test_a_volume_is_judged_by_the_daemon(typed: str) -> None:
    assert (
        payload_of("submit", {"volume": typed})
        == json.dumps({"volume": typed}, ensure_ascii=False, separators=(",", ":")).encode()
    )


def test_what_is_not_given_is_not_there() -> None:
    given = {"symbol": "EURUSD", "side": None, "deviation_advisory": False, "comment": None}
    assert payload_of("submit", given) == b'{"symbol":"EURUSD"}'
    assert payload_of("close_all", {"symbol": None}) == b"{}"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("20", b"20"), ("0", b"0"), ("2.5", b"2.5"), ("1e2", b"1e2"), ("-1", b"-1"),
        ("1" * 400, b"1" * 400), ("020", b'"020"'), ("+5", b'"+5"'), (".5", b'".5"'), ("5 ", b'"5 "'),
        ("NaN", b'"NaN"'), ("Infinity", b'"Infinity"'), ("٢", '"٢"'.encode()), ("5\n", b'"5\\n"'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["deviation", "wait"])
def test_counts_are_numbers_where_they_are_ones(name: str, typed: str, sent: bytes) -> None:
    assert payload_of("submit", {name: typed}) == b'{"%s":%s}' % (name.encode(), sent)


@pytest.mark.parametrize("name", ["sl", "tp", "expires_at"])
def test_none_takes_away_in_a_modify_alone(name: str) -> None:
    assert json.loads(payload_of("modify", {name: "none"})) == {name: None}
    assert json.loads(payload_of("submit", {name: "none"})) == {name: "none"}
    assert json.loads(payload_of("modify", {name: "None"})) == {name: "None"}


def test_only_what_can_be_taken_away_is() -> None:
    assert json.loads(payload_of("modify", {"price": "none"})) == {"price": "none"}


def test_the_servers_clock_is_said_by_a_word() -> None:
    typed = {"expires_at": "server 2026-11-21 23:59:59"}
    assert json.loads(payload_of("submit", typed)) == {"expires_at": {"server": "2026-11-21 23:59:59"}}
    assert json.loads(payload_of("modify", typed)) == {"expires_at": {"server": "2026-11-21 23:59:59"}}
    plain = {"expires_at": "2026-11-21T23:59:59Z"}
    assert json.loads(payload_of("submit", plain)) == plain


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("typed", ["", " ", "\t\n"])
def test_what_is_empty_goes_nowhere(verb: str, typed: str) -> None:
    for name in VERBS[verb].fields:
        with pytest.raises(Failure, match=f"^--{name.replace('_', '-')}: is empty$") as why:
            payload_of(verb, {name: typed})
        assert why.value.code == 2


def test_what_is_no_utf_8_goes_nowhere() -> None:
    with pytest.raises(Failure, match=r"^--comment: is no UTF-8$"):
        payload_of("submit", {"comment": "a\udcff"})
