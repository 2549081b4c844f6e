"""What a decision keeps of its moment is had back as it was: no fact is outside log and books."""

from decimal import Decimal

import msgspec
import pytest

from oms.domain.decide.facts import Facts, Policy, Restraint
from oms.domain.decide.moment import had_back, stored
from oms.domain.events.command import JudgedMargin, JudgedQuote, JudgedRisk
from oms.domain.values import plain

D = Decimal
# Every fact is kept with the decision, or follows from the books before it (oms/projections).
OF_THE_BOOKS = {
    *("account", "symbol", "position", "position_by", "never_held", "order", "positions", "orders"),
    *("in_flight", "risk"),
}
ODD = Facts(
    server_now="2026-11-21T23:59:59.999+05:30",
    offset=19_800,
    link="reconciling",
    restrictions={"reducing": "operator", "halted": "fence: x"},
    venue_reached=False,
    nats_away=True,
    refusing={"opening": "2026-11-21T10:00:00Z", "prices": ""},
    quote=JudgedQuote(D("1.1"), D("1.1001"), age=0.25, delayed=True),
    margin=JudgedMargin(D("10.00"), D("90.00"), gaps=("no_rate EURJPY",)),
    client="desk",
    risk=Restraint(version=7),
    policy=Policy(quote_age_s=2.5, deviation=3, margin_check="server", reduce_while_reconciling=False),
)
USUAL = Facts(server_now="2026-11-21T10:00:00.000-05:00", offset=-18_000)


def through_the_log(judged: JudgedRisk) -> JudgedRisk:
    """Written as an event's data are, and read."""
    return msgspec.convert(plain(judged), JudgedRisk)


@pytest.mark.parametrize("facts", [ODD, USUAL])
def test_what_the_books_do_not_hold_is_had_back(facts: Facts) -> None:
    judged = through_the_log(stored(facts))
    found = had_back(judged, facts.quote, facts.margin, facts.client)
    kept = set(Facts.__struct_fields__) - OF_THE_BOOKS
    assert {name: getattr(found, name) for name in kept} == {name: getattr(facts, name) for name in kept}
    assert judged.limits == facts.risk.version


def test_nothing_of_what_is_odd_here_is_usual() -> None:
    """Else the test above would not see that it is forgotten."""
    usual = Facts(server_now="")
    kept = set(Facts.__struct_fields__) - OF_THE_BOOKS
    assert [name for name in kept if getattr(ODD, name) == getattr(usual, name)] == []
    for name in Policy.__struct_fields__:
        assert getattr(ODD.policy, name) != getattr(Policy(), name)


def test_while_all_is_usual_the_time_is_all_that_is_stored() -> None:
    assert plain(stored(USUAL)) == {"at": USUAL.server_now}


@pytest.mark.parametrize(
    ("judged", "message"),
    [
        (JudgedRisk(), "Invalid isoformat"),
        (JudgedRisk(at="yesterday"), "Invalid isoformat"),
        (JudgedRisk(at="2026-11-21T10:00:00"), "has no offset"),
        (JudgedRisk(at=USUAL.server_now, policy={"deviation": "many"}), "Expected `int`"),
    ],
)
def test_what_nobody_wrote_is_told(judged: JudgedRisk, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        had_back(judged)
