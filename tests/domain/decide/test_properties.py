"""What holds of every decision, whatever is asked and whatever is so."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from oms.domain.commands import Cancel, Close, Modify, Submit, Verb
from oms.domain.decide import (
    CODES,
    Approved,
    Denied,
    Facts,
    Swept,
    Unchanged,
    decide,
    on_prices,
)
from oms.domain.decide.case import case_of
from oms.domain.decide.codes import PASSING
from oms.domain.decide.numbers import request_of, view_of
from oms.domain.decide.reasons import told
from oms.domain.decide.rules import RULES
from oms.domain.intent import Intent
from oms.sessions.translate import trade_request
from protocol.maths.checks import check
from protocol.records.trade import TRADE_REQUEST

from .any_case import FACTS, VERBS

pytestmark = pytest.mark.slow

DEALS = {"deal_request", "deal_instant", "deal_market", "deal_exchange"}


@settings(max_examples=400)
@given(VERBS, FACTS)
def test_every_command_is_decided(verb: Verb, facts: Facts) -> None:
    decision = decide(verb, facts)
    if isinstance(decision, Denied):
        assert decision.reasons
        assert decision.passing == all(one.code in PASSING for one in decision.reasons)
        for one in decision.reasons:
            assert one.code in CODES
            assert one.message
            assert one.field is None or one.field in verb.__struct_fields__
    elif isinstance(decision, Unchanged):
        assert isinstance(verb, Modify)
    else:
        assert facts.link in ("ready", "reconciling")
        assert facts.account is not None
        assert facts.venue_reached
        assert not {"halted", "read_only", "embargo"} & set(facts.restrictions)
        assert facts.account.trade_allowed


@settings(max_examples=400)
@given(VERBS, FACTS)
def test_what_is_approved_can_be_written_on_the_wire(verb: Verb, facts: Facts) -> None:
    decision = decide(verb, facts)
    if isinstance(decision, Approved):
        request = trade_request(decision.intent, 2**31)
        assert TRADE_REQUEST.load(TRADE_REQUEST.dump(request)).trade_volume == request.trade_volume
        assert Decimal(request.trade_volume).scaleb(-8) == decision.intent.volume


def sent_all_the_same(verb: Verb, facts: Facts, intent: Intent, code: str, field: str) -> bool:
    """What the venue takes and the official client would not send (oms/domain/decide/official.py)."""
    symbol, position = facts.symbol, facts.position
    assert symbol is not None
    match code:
        case "filling_not_allowed":
            return (
                intent.action == "deal_market" and intent.filling == "return" and not symbol.filling_flags & 3
            )
        case "volume_off_step":
            return isinstance(verb, Close) and position is not None and intent.volume == position.volume
        case "price_off_tick" | "price_negative" | "price_too_large":
            return intent.action == "deal_market" and field == "price_order"
        case "no_tick":
            return intent.action in ("deal_market", "deal_exchange") and not isinstance(verb, Modify)
        case "price_too_near" | "sl_too_near" | "tp_too_near" | "order_unchanged":
            return intent.action == "modify"
    return False


@settings(max_examples=400)
@given(VERBS, FACTS)
def test_what_is_approved_passes_the_official_checks(verb: Verb, facts: Facts) -> None:
    decision = decide(verb, facts)
    if not isinstance(decision, Approved) or isinstance(verb, Cancel) or facts.symbol is None:
        return
    case = case_of(verb, facts)
    assert case.intent is not None
    for refusal in check(request_of(case.intent), view_of(case, facts.symbol)):
        assert sent_all_the_same(verb, facts, case.intent, refusal.code, refusal.field), refusal


@settings(max_examples=300)
@given(VERBS, FACTS, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_makes_no_difference(verb: Verb, facts: Facts, chance: random.Random) -> None:
    case = case_of(verb, facts)
    rules = [*RULES]
    chance.shuffle(rules)
    found = told([one for rule in rules for one in rule(case)])
    expected = told([one for rule in RULES for one in rule(case)])
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert [one.code for one in found] == [one.code for one in expected]


@settings(max_examples=300)
@given(VERBS, FACTS)
def test_what_adds_risk_has_all_that_it_needs(verb: Verb, facts: Facts) -> None:
    """The three rules that fail closed, said once more without the rules."""
    decision = decide(verb, facts)
    if not isinstance(decision, Approved) or not isinstance(verb, Submit):
        return
    assert facts.account is not None
    held = None if facts.account.hedging else facts.position
    against = held is not None and held.side != verb.side and verb.type == "market"
    if against and held is not None and verb.volume <= held.volume:
        return  # all of it takes risk away, and needs the session alone
    assert facts.link == "ready"
    assert not facts.restrictions
    assert not facts.nats_away
    assert facts.quote is not None
    if verb.type == "market":
        assert not facts.quote.delayed
        assert facts.quote.age is not None
        assert facts.quote.age <= facts.policy.quote_age_s
    if facts.policy.margin_check == "client":
        assert facts.margin is not None
        assert facts.margin.free is not None
        assert facts.margin.free >= 0 or (facts.margin.added is not None and facts.margin.added < 0)
        assert not set(facts.margin.gaps) - {"spreads"}


@settings(max_examples=300)
@given(VERBS, FACTS)
def test_a_close_never_takes_more_than_there_is(verb: Verb, facts: Facts) -> None:
    decision = decide(verb, facts)
    if isinstance(decision, Approved) and isinstance(verb, Close):
        intent, held = decision.intent, facts.position
        assert held is not None
        assert intent.position == held.position
        assert intent.flags == 3
        assert intent.volume <= held.volume
        moving = [one for one in facts.in_flight if one.action in DEALS and one.flags & 1]
        assert held.position not in {one.position for one in moving}


@settings(max_examples=300)
@given(VERBS, FACTS, FACTS, st.sampled_from(["1.08001", "1.08023", "1.07", "0"]), st.integers(0, 30))
def test_prices_are_decided_on(verb: Verb, before: Facts, now: Facts, bid: str, spread: int) -> None:
    question = decide(verb, before)
    if not isinstance(question, Approved) or question.intent.action != "request_prices":
        return
    ask = Decimal(bid) + spread * Decimal("0.00001")
    for facts in (before, now):
        decision = on_prices(question, verb, facts, Decimal(bid), ask)
        assert isinstance(decision, Approved | Denied)
        if isinstance(decision, Denied):
            assert decision.reasons
            assert not decision.passing
        elif decision.intent.action in ("deal_request", "deal_instant"):
            buys = decision.intent.type == "buy"
            assert decision.intent.price == (ask if buys else Decimal(bid))


@settings(max_examples=300)
@given(VERBS, FACTS)
def test_a_decision_depends_on_nothing_else(verb: Verb, facts: Facts) -> None:
    assert decide(verb, facts) == decide(verb, replace(facts))


@settings(max_examples=200)
@given(VERBS, FACTS)
def test_children_of_a_sweep_name_what_is_there(verb: Verb, facts: Facts) -> None:
    decision = decide(verb, facts)
    if isinstance(decision, Swept):
        there = {one.position for one in facts.positions} | {one.order for one in facts.orders}
        for child in decision.children:
            assert isinstance(child, Close | Cancel)
            assert (child.position if isinstance(child, Close) else child.order) in there
