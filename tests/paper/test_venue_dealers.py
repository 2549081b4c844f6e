"""What dealers do: deals corrected, slow answers, refusals by order, rights, money, new accounts."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from oms.paper.intake import Channel
from oms.paper.ledger import book
from oms.paper.venue import LedgerBroken
from protocol.enums import DealType, Retcode
from protocol.records.trade import Deal, Position

from .venue_scene import BUY, EURO, HEDGE, NET, SELL, Scene, account, instrument, lines

BUY_LIMIT = 2


def scene_of(login: int = HEDGE, **behaviour: Any) -> Scene:
    scene = Scene([instrument("EURUSD")], [account(login)], **behaviour)
    scene.quote(1.10000, 1.10010)
    return scene


# Deals amended and removed (docs/semantics.md TC-R13).


def test_an_amended_profit_moves_the_balance_by_the_difference() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    scene.quote(1.10060, 1.10070)
    scene.close(HEDGE, 1)  # 5.00
    effects = scene.venue.amend_deal(scene.moment, HEDGE, 3, profit=4.0, commission=-0.255)
    assert lines(effects) == [
        "10 {2,1} deal 3 sell out 0.10 @ 1.1006 4.00; position 1 sell 0.00 @ 1.1006; balance 10003.74",
        "14",
    ]
    assert scene.account(HEDGE).balance == Decimal("10003.74")
    scene.venue.check()


def test_an_amendment_without_money_is_told_without_an_account() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    assert lines(scene.venue.amend_deal(scene.moment, HEDGE, 2, comment="moved")) == [
        "10 {2,1} deal 2 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 10000.00"
    ]
    assert scene.account(HEDGE).deals[-1].comment == "moved"


def test_a_netting_position_follows_its_deals() -> None:
    """0.10 @ 1.10010 and 0.30 @ 1.10410: without the first one the second is left, with its own rate."""
    scene = scene_of(NET)
    scene.deal(NET, BUY, "0.10", price_sl=1.05)
    scene.quote(1.10400, 1.10410)
    scene.deal(NET, BUY, "0.30")
    assert scene.books(NET) == ["position 1 buy 0.40 @ 1.1031"]
    scene.venue.amend_deal(scene.moment, NET, 3, trade_volume=10_000_000, price_open=1.10210)
    assert scene.books(NET) == ["position 1 buy 0.20 @ 1.1011"]
    scene.venue.remove_deal(scene.moment, NET, 2)
    assert scene.books(NET) == ["position 1 buy 0.10 @ 1.1021"]
    (position,) = scene.account(NET).positions.values()
    assert (position.sl, position.rate_margin) == (1.05, 1.1041)


def test_a_canceled_deal_is_no_fill_any_more() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    effects = scene.venue.amend_deal(scene.moment, HEDGE, 2, trade_action=int(DealType.BUY_CANCELED))
    assert scene.books(HEDGE) == []
    (record,) = effects[0].value
    assert (record.position.position_id, record.position.trade_volume) == (1, 0)


def test_the_removed_close_brings_its_position_back() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    scene.quote(1.10060, 1.10070)
    scene.close(HEDGE, 1)
    scene.venue.remove_deal(scene.moment, HEDGE, 3)
    assert scene.books(HEDGE) == ["position 1 buy 0.10 @ 1.1001"]
    assert scene.account(HEDGE).balance == Decimal(10_000)
    assert scene.close(HEDGE, 1)[-1].startswith("19 10009")


def test_a_removed_close_cannot_bring_a_second_position_into_netting() -> None:
    scene = scene_of(NET)
    scene.deal(NET, BUY, "0.10")
    scene.deal(NET, SELL, "0.10")
    scene.deal(NET, BUY, "0.20")
    with pytest.raises(ValueError, match="EURUSD would have two positions"):
        scene.venue.remove_deal(scene.moment, NET, 3)
    assert len(scene.account(NET).deals) == 4
    assert scene.books(NET) == ["position 3 buy 0.20 @ 1.1001"]
    scene.venue.check()


def test_a_position_that_is_gone_is_told_as_gone_under_its_own_number() -> None:
    """Without a number clients would look it up by symbol (docs/protocol.md 5.3)."""
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    scene.close(HEDGE, 1)
    (record,) = scene.venue.amend_deal(scene.moment, HEDGE, 3, comment="late")[0].value
    assert (record.position.position_id, record.position.trade_volume) == (1, 0)


def test_a_deposit_amended_has_no_position() -> None:
    scene = scene_of()
    effects = scene.venue.amend_deal(scene.moment, HEDGE, 1, profit=9000.0)
    assert lines(effects) == ["10 {2,1} deal 1 balance 9000.00; no position; balance 9000.00", "14"]
    assert effects[0].value[0].position == Position()


@pytest.mark.parametrize(
    "changes",
    [
        {"deal": 9},
        {"position_id": 9},
        {"no_such_field": 1},
        {"profit": float("nan")},
        {"price_open": float("inf")},
        {"price_open": -1.0},
        {"trade_volume": -1},
        {"trade_action": 2},
        {"profit": "much"},
    ],
)
def test_what_cannot_be_amended(changes: dict[str, Any]) -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    before = scene.venue.truth()
    with pytest.raises(ValueError, match=r"deal 2|Expected"):
        scene.venue.amend_deal(scene.moment, HEDGE, 2, **changes)
    assert scene.venue.truth() == before


def test_a_deposit_cannot_become_a_trade() -> None:
    scene = scene_of()
    with pytest.raises(ValueError, match="type 0 is not for such a deal"):
        scene.venue.amend_deal(scene.moment, HEDGE, 1, trade_action=0)


def test_deals_that_are_not_there() -> None:
    scene = scene_of()
    with pytest.raises(KeyError, match="no deal 99"):
        scene.venue.amend_deal(scene.moment, HEDGE, 99, profit=1.0)
    with pytest.raises(KeyError, match="no deal 99"):
        scene.venue.remove_deal(scene.moment, HEDGE, 99)


# The slow dealer.


def test_a_slow_dealer_answers_at_once_and_acts_later() -> None:
    scene = scene_of(dealer_delay_ms=300)
    assert scene.deal(HEDGE, BUY, "0.10") == ["12 0"]
    assert scene.books(HEDGE) == []
    assert scene.wait(299) == []
    said = scene.wait(1)
    assert said[-1] == "19 10009 deal 2 order 1 0.10 @ 1.1001"
    assert len(said) == 5


def test_the_world_moves_while_the_dealer_waits() -> None:
    """A market deal takes the price of then; a limit that the market passed has a bad price by then."""
    scene = scene_of(dealer_delay_ms=5000)
    scene.deal(HEDGE, BUY, "0.10")
    assert scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09900) == ["12 0"]
    assert scene.quote(1.09800, 1.09810) == []
    said = scene.wait(4000)
    assert [line for line in said if line.startswith("19")] == [
        "19 10009 deal 2 order 1 0.10 @ 1.0981",
        "19 10015 deal 0 order 0 0.00 @ 0",
    ]


def test_a_close_that_comes_after_the_stop_loss_is_refused_by_the_result() -> None:
    scene = scene_of(refuse_in="answer")
    scene.deal(HEDGE, BUY, "0.10", price_sl=1.09)
    request = scene.request(3, SELL, "0.10", trade_position=1, type_filling=1, type_flags=3)
    assert scene.told(HEDGE, request, delay_ms=5000) == ["12 0"]
    scene.quote(1.08, 1.0801)
    assert scene.wait(5000) == ["19 10036 deal 0 order 0 0.00 @ 0"]


def test_rights_taken_while_the_dealer_waits() -> None:
    scene = scene_of(dealer_delay_ms=300)
    scene.deal(HEDGE, BUY, "0.10")
    scene.venue.set_rights(HEDGE, 4)
    assert scene.wait(300) == ["19 10017 deal 0 order 0 0.00 @ 0"]


def test_the_dealers_delay_can_be_set() -> None:
    scene = scene_of()
    scene.venue.set_dealer_delay(200)
    assert scene.deal(HEDGE, BUY, "0.10") == ["12 0"]
    scene.venue.set_dealer_delay(0)
    assert len(scene.deal(HEDGE, BUY, "0.10")) == 6
    assert scene.wait(200)[-1].startswith("19 10009")
    scene.venue.slow_next(100)
    assert scene.deal(HEDGE, BUY, "0.10") == ["12 0"]
    assert len(scene.deal(HEDGE, BUY, "0.10")) == 6


def test_jitter_is_within_its_bound_and_the_seeds() -> None:
    def delays(seed: int) -> list[int]:
        scene = scene_of(dealer_delay_ms=100, dealer_jitter_ms=50, seed=seed)
        found = []
        for _ in range(20):
            scene.deal(HEDGE, BUY, "0.01")
            due = scene.venue.next_clock_ms()
            assert due is not None
            found.append(due - scene.utc_ms)
            scene.wait(due - scene.utc_ms)
        return found

    assert delays(1) == delays(1) != delays(2)
    assert all(100 <= delay <= 150 for delay in delays(1))
    assert len(set(delays(1))) > 5


def test_a_shorter_delay_overtakes() -> None:
    scene = scene_of()
    first, second = (scene.request(3, BUY, lots, type_filling=1) for lots in ("0.10", "0.20"))
    scene.told(HEDGE, first, delay_ms=500)
    scene.told(HEDGE, second, delay_ms=100)
    results = [line for line in scene.wait(500) if line.startswith("19")]
    assert results == ["19 10009 deal 2 order 1 0.20 @ 1.1001", "19 10009 deal 3 order 2 0.10 @ 1.1001"]


# Refusals by order: every code of docs/protocol.md 6.8, in either channel.


@pytest.mark.parametrize("code", [*Retcode, 10032, 10038, 10046, 4_000_000_000])
@pytest.mark.parametrize("channel", ["answer", "result"])
def test_any_code_in_either_channel(code: int, channel: Channel) -> None:
    scene = scene_of()
    scene.venue.reject_next(code, channel)
    request = scene.request(3, BUY, "0.10", type_filling=1)
    expected = [f"12 {code}"] if channel == "answer" else ["12 0", f"19 {code} deal 0 order 0 0.00 @ 0"]
    assert scene.told(HEDGE, request) == expected
    assert scene.books(HEDGE) == []
    assert scene.code(HEDGE, request) == 10009


def test_a_refusal_without_a_channel_goes_where_refusals_go() -> None:
    for channel, said in (("answer", ["12 10006"]), ("result", ["12 0", "19 10006 deal 0 order 0 0.00 @ 0"])):
        scene = scene_of(refuse_in=channel)
        scene.venue.reject_next(10006)
        assert scene.deal(HEDGE, BUY, "0.10") == said


def test_a_refusal_carries_the_present_prices() -> None:
    scene = scene_of()
    scene.venue.reject_next(Retcode.PRICE_CHANGED, "result")
    outcome = scene.ask(HEDGE, scene.request(3, BUY, "0.10", type_filling=1))
    result = outcome.effects[0].value.result
    assert (result.bid, result.ask, result.res_time) == (1.10000, 1.10010, scene.moment.seconds)


# Money, rights, accounts.


@pytest.mark.parametrize(("amount", "kind"), [("1", 0), ("1", 1), ("1", 19), ("NaN", 2), ("Infinity", 2)])
def test_what_is_no_deposit(amount: str, kind: int) -> None:
    scene = scene_of()
    with pytest.raises(ValueError, match=r"moves no money|no number"):
        scene.venue.deposit(scene.moment, HEDGE, Decimal(amount), kind)


def test_an_account_opened_later_trades_like_the_others() -> None:
    scene = scene_of()
    scene.venue.open_account(scene.moment, account(EURO, balance=Decimal(500), credit=Decimal(20)))
    held = scene.account(EURO)
    assert [(deal.trade_action, deal.profit) for deal in held.deals] == [(2, 500.0), (3, 20.0)]
    assert scene.deal(EURO, BUY, "0.10")[-1].startswith("19 10009")
    with pytest.raises(ValueError, match="1003 is there already"):
        scene.venue.open_account(scene.moment, account(EURO))
    scene.venue.check()


# The books.


def test_the_truth_is_all_there_is_and_fit_for_json() -> None:
    scene = Scene()
    scene.quote(1.10000, 1.10010)
    scene.deal(HEDGE, BUY, "0.10", comment="one")
    scene.pending(NET, BUY_LIMIT, "0.10", 1.09, comment="two")
    truth = json.loads(json.dumps(scene.venue.truth()))
    assert [(row["login"], row["balance"], row["standing"]) for row in truth["accounts"]] == [
        (HEDGE, "10000.00", 0),
        (NET, "10000.00", 0),
    ]
    assert [(row["login"], row["open"], row["comment"]) for row in truth["orders"]] == [
        (HEDGE, False, "one"),
        (NET, True, "two"),
    ]
    assert [(row["login"], row["trade_action"]) for row in truth["deals"]] == [
        (HEDGE, 2),
        (HEDGE, 0),
        (NET, 2),
    ]
    assert [(row["login"], row["position_id"], row["profit"]) for row in truth["positions"]] == [
        (HEDGE, 1, -1.0)
    ]
    assert "p" not in truth["accounts"][0].values()


def break_balance(scene: Scene) -> None:
    scene.account(HEDGE).balance += Decimal("0.01")


def break_position(scene: Scene) -> None:
    held = scene.account(HEDGE).positions
    held[1] = replace(held[1], trade_volume=held[1].trade_volume + 1)


def break_deals(scene: Scene) -> None:
    book(scene.account(HEDGE), Deal(deal=2, trade_action=2, profit=1.0))


def break_orders(scene: Scene) -> None:
    held = scene.account(HEDGE)
    held.orders[1] = held.history[0]


@pytest.mark.parametrize("broken", [break_balance, break_position, break_deals, break_orders])
def test_books_that_contradict_themselves_are_noticed(broken: Any) -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    scene.venue.check()
    broken(scene)
    with pytest.raises(LedgerBroken):
        scene.venue.check()


def test_a_broken_balance_stops_the_next_operation_of_its_account() -> None:
    scene = scene_of()
    break_balance(scene)
    with pytest.raises(LedgerBroken, match=r"balance 10000\.01"):
        scene.deal(HEDGE, BUY, "0.10")
