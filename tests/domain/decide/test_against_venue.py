"""What we deny the venue refuses, with the same code; what we approve it takes.

Any command, on accounts with positions and orders, while the symbol's terms are otherwise: the decision, and
the venue's answer to the same request.  The venue shares no rule with us.
"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.commands import Cancel, Close, CloseBy, Modify, Submit, Verb
from oms.domain.decide import Approved, Decision, Denied, Unchanged
from tests.paper.venue_scene import wire

from .any_case import EXPIRIES, LIFETIMES, UNSET, mostly, some
from .scene import pending, submit
from .venue import change, open_some, put, scene_of

DONE = {
    10007,
    10008,
    10009,
    10010,
}  # 10007: the venue had not the volume, or the order must not trade at once
TERMS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"trade_stops_level": 50},
    {"trade_freeze_level": 1100},
    {"trade_mode": 0},
    {"trade_mode": 1},
    {"trade_mode": 2},
    {"trade_mode": 3},
    {"volume_limit": wire("0.35")},
    {"volume_min": wire("0.05"), "volume_step": wire("0.05")},
    {"volume_max": wire("0.15")},
    {"trade_order_flags": 127 - 1},
    {"trade_order_flags": 127 - 2},
    {"trade_order_flags": 127 - 4},
    {"trade_order_flags": 127 - 16},
    {"trade_order_flags": 127 - 32},
    {"trade_order_flags": 127 - 64},
    {"trade_fill_flags": 0},
    {"trade_fill_flags": 1},
    {"trade_fill_flags": 2},
    {"trade_fill_flags": 7},
    {"trade_time_flags": 1},
    {"trade_time_flags": 14},
    {"trade_tick_size": 0.0005},
    {"trade_price_limit_min": 1.095, "trade_price_limit_max": 1.105},
    {"time_expiration": 1},
    {"trade_instant_volume": wire("0.05")},
)

PRICES = some(
    *map(
        Decimal, ("1.09000", "1.09950", "1.09951", "1.10000", "1.10010", "1.10050", "1.10060", "1.11", "1.12")
    ),
    *map(Decimal, ("1.1", "1.099999", "1.0996", "0", "-1", "1000000001", "1.08")),
)
LOTS = some(
    *map(Decimal, ("0.01", "0.05", "0.10", "0.11", "0.15", "0.2", "0.3", "0.31", "0.015", "0", "100"))
)
FILLINGS = st.none() | some("fok", "ioc", "return", "boc")
ENDS = st.none() | EXPIRIES
NUMBERS = some(*map(str, range(1, 8)), "77")
OF_ORDER = {
    "side": some("buy", "sell"),
    "volume": LOTS,
    "price": PRICES,
    "sl": st.none() | PRICES,
    "tp": st.none() | PRICES,
    "filling": FILLINGS,
    "time_in_force": st.none() | LIFETIMES,
    "expires_at": ENDS,
}
OF_DEAL = {name: OF_ORDER[name] for name in ("side", "volume", "sl", "tp", "filling")}
KINDS = {
    "buy_limit": ("1.09", None),
    "sell_limit": ("1.11", None),
    "buy_stop": ("1.11", None),
    "sell_stop": ("1.09", None),
    "buy_stop_limit": ("1.12", "1.11"),
    "sell_stop_limit": ("1.08", "1.09"),
}


def order_of(kind: str) -> st.SearchStrategy[Any]:
    price, limit = KINDS[kind]
    fields = OF_ORDER | ({"limit_price": PRICES} if limit else {})
    return mostly(pending(kind, price=price, limit_price=limit), fields, 3)


VERBS: st.SearchStrategy[Verb] = st.one_of(
    mostly(submit("buy"), OF_DEAL, 3),
    mostly(submit("sell"), OF_DEAL, 3),
    *map(order_of, KINDS),
    st.builds(Close, position=NUMBERS, volume=st.none() | LOTS, filling=FILLINGS),
    st.builds(CloseBy, position=some("1", "2"), position_by=some("1", "2")),
    st.builds(Cancel, order=NUMBERS),
    st.builds(Modify, position=some("1", "2"), sl=UNSET | st.none() | PRICES, tp=UNSET | st.none() | PRICES),
    st.builds(
        Modify,
        order=some("2", "3", "4", "5"),
        price=UNSET | PRICES,
        sl=UNSET | st.none() | PRICES,
        tp=UNSET | st.none() | PRICES,
        time_in_force=UNSET | LIFETIMES,
        expires_at=UNSET | ENDS,
    ),
)


def judged(mode: int, hedging: bool, terms: dict[str, Any], verb: Verb, rights: int = 0) -> None:
    scene = scene_of(mode, hedging=hedging)
    open_some(scene, mode, hedging=hedging)
    change(scene, {"trade_exemode": mode, "trade_fill_flags": 3} | terms)
    for one in scene.venue.accounts.values():
        one.rights = rights
    decision, code = put(scene, verb)
    if code is None or _ours_alone(decision, hedging):
        assert isinstance(decision, Denied)
    elif isinstance(decision, Denied):
        assert code == decision.reasons[0].retcode, decision.reasons
    elif isinstance(decision, Unchanged):
        assert code == 10025 or terms  # what is not sent is not forbidden either
    else:
        assert isinstance(decision, Approved)
        # Whether an order may be taken away out of session is left to the venue.
        assert code in DONE or (isinstance(verb, Cancel) and code == 10018)


def _ours_alone(decision: Decision, hedging: bool) -> bool:
    """Nothing on the wire keeps a close from opening the other side in netting (docs/semantics.md 4)."""
    codes = {one.code for one in decision.reasons} if isinstance(decision, Denied) else set()
    return not hedging and "volume_above_position" in codes


@pytest.mark.slow
@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("hedging", [True, False])
@settings(max_examples=250, deadline=None)
@given(verb=VERBS, terms=some(*TERMS))
def test_we_and_the_venue_agree(mode: int, hedging: bool, terms: dict[str, Any], verb: Verb) -> None:
    judged(mode, hedging, terms, verb)


@pytest.mark.parametrize("rights", [4, 8, 512, 1024])
@pytest.mark.parametrize(
    "verb",
    [
        submit("buy"),
        Close(position="1"),
        Cancel(order="3"),
        Submit(symbol="EURUSD", side="buy", volume=Decimal("0.015")),
    ],
)
def test_rights(rights: int, verb: Verb) -> None:
    judged(2, True, {}, verb, rights)
