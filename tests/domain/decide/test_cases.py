"""The cases of docs/semantics.md that a decision settles."""

from decimal import Decimal

from oms.domain.decide import Approved, Denied, decide
from oms.sessions.translate import trade_request

from .scene import close, codes_of, d, facts, flying, intent_of, position, reasons_of, submit


def test_tc_h3_a_wrong_close_is_denied_and_opens_nothing() -> None:
    held = facts(position=position("1001", volume="0.10"))
    wrong = facts(never_held=frozenset({"77"}))
    for verb, given, code, retcode in (
        (close(position="77"), wrong, "unknown_position", 10013),
        (close("0.11"), held, "volume_above_position", 10014),
        (close(position="1000"), facts(), "position_closed", 10036),
        (close(position="1000"), held, "position_closed", 10036),
    ):
        decision = decide(verb, given)
        assert isinstance(decision, Denied)
        assert [(one.code, one.retcode) for one in decision.reasons] == [(code, retcode)]
    # And what is sent names its position: a hedging venue then opens nothing.
    assert intent_of(close(), held).position == "1001"


def test_tc_o10_volumes_are_exact() -> None:
    tenths = [d("0.1")] * 10
    assert sum(tenths, Decimal(0)) == d("1.00000000")
    given = facts(position=position(volume="1.00"))
    assert intent_of(close(str(sum(tenths, Decimal(0)))), given).volume == d("1.00")
    third = d("0.1") + d("0.2")
    assert codes_of(submit(volume=str(third)), facts(volume_max=d("0.30"))) == []
    assert trade_request(intent_of(submit(volume="0.07"), facts()), 1).trade_volume == 7_000_000
    for cents in range(1, 1000):
        request = trade_request(intent_of(submit(volume=f"{cents // 100}.{cents % 100:02}"), facts()), 1)
        assert request.trade_volume == cents * 1_000_000


def test_tc_o10_of_what_is_on_its_way() -> None:
    moving = tuple(flying(volume="0.1") for _ in range(9))
    full = facts(volume_limit=d("1.00"), in_flight=moving)
    assert isinstance(decide(submit(volume="0.1"), full), Approved)
    (found,) = reasons_of(submit(volume="0.11"), full)
    assert (found.code, found.limit) == ("volume_above_limit", "1.00")


def test_tc_u8_a_second_close_waits_for_the_first() -> None:
    unknown = flying(type="sell", flags=3, position="1001", volume="0.10")
    (found,) = reasons_of(close(), facts(position=position("1001"), in_flight=(unknown,)))
    assert (found.code, found.retcode) == ("outcome_pending", 10039)
