"""What makes the books agree with the venue, where a person accepts a difference."""

from decimal import Decimal
from hashlib import sha256

import pytest

from oms.domain.correction import Acceptance, Behind, Unacceptable, correction, signature
from oms.domain.events import LedgerCorrected
from oms.domain.reconcile import Picture

D = Decimal
AT = "2026-11-21T10:00:00.000"
BEHIND = Behind("5a" * 16, 41, AT)


def money(balance: str | None, credit: str | None = "0.00") -> Picture:
    known = [None if one is None else D(one) for one in (balance, credit)]
    return Picture({}, {}, *known)


def test_money_is_what_the_venue_has_more() -> None:
    (made,) = correction([], money("100.00", "5.00"), money("99.7", "7.00"), Acceptance("ü", "ann"), BEHIND)
    assert isinstance(made, LedgerCorrected)
    assert (made.balance, made.credit, made.reason, made.by) == (D("-0.30"), D("2.00"), "ü", "ann")
    assert made.at == AT
    bound = (
        f'{{"at":"{AT}","balance":"-0.30","by":"ann","credit":"2.00",'
        f'"epoch":"{"5a" * 16}","reason":"ü","seq":41}}'
    )
    assert made.signature == sha256(bound.encode()).hexdigest()


@pytest.mark.parametrize("other", [Behind("5a" * 16, 42, AT), Behind("5b" * 16, 41, AT)])
def test_a_signature_fits_its_place_alone(other: Behind) -> None:
    made = LedgerCorrected(D("1.00"), D("0.00"), "why", "ann")
    assert signature(made, other) != signature(made, BEHIND)


def test_money_that_is_not_known_cannot_be_taken_over() -> None:
    with pytest.raises(Unacceptable, match="credit"):
        correction([], money("1.00"), money("1.00", None), Acceptance("why"), BEHIND)
