"""The life of a trade as pushes: each row of docs/protocol.md 8, compared as a sequence of values."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from protocol.enums import DealType, Reason
from protocol.records.trade import Deal, DealTransaction, OrderTransaction, Position

from .venue_scene import BUY, HEDGE, NET, SELL, SESSION, Scene, account, instrument, lines, wire

BUY_LIMIT, BUY_STOP = 2, 4


def hedge(**behaviour: Any) -> Scene:
    """One hedging account; its opening deposit is deal 1."""
    scene = Scene(accounts=[account(HEDGE)], **behaviour)
    scene.quote(1.10000, 1.10010)
    return scene


def test_market_order() -> None:
    assert hedge().deal(HEDGE, BUY, "0.10") == [
        "12 0",
        "10 {0,0} #1 buy placed 0.10/0.10",
        "10 {0,2} #1 buy filled 0.00/0.10",
        "10 {1,0} #1 buy filled 0.00/0.10",
        "10 {2,0} deal 2 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 10000.00",
        "19 10009 deal 2 order 1 0.10 @ 1.1001",
    ]


def test_partial_close_then_the_rest() -> None:
    scene = hedge()
    scene.deal(HEDGE, BUY, "0.10")
    scene.quote(1.10060, 1.10070)
    assert scene.close(HEDGE, 1, "0.04")[-2:] == [
        "10 {2,0} deal 3 sell out 0.04 @ 1.1006 2.00; position 1 buy 0.06 @ 1.1001; balance 10002.00",
        "19 10009 deal 3 order 2 0.04 @ 1.1006",
    ]
    assert scene.close(HEDGE, 1) == [
        "12 0",
        "10 {0,0} #3 sell placed 0.06/0.06",
        "10 {0,2} #3 sell filled 0.00/0.06",
        "10 {1,0} #3 sell filled 0.00/0.06",
        "10 {2,0} deal 4 sell out 0.06 @ 1.1006 3.00; position 1 buy 0.00 @ 1.1001; balance 10005.00",
        "19 10009 deal 4 order 3 0.06 @ 1.1006",
    ]


def test_pending_placed_changed_removed() -> None:
    scene = hedge()
    placed = scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    assert placed == ["12 0", "10 {0,0} #1 buy_limit placed 0.10/0.10", "19 10009 deal 0 order 1 0.10 @ 1.09"]
    change = scene.request(7, BUY_LIMIT, "0.10", trade_order=1, price_order=1.08)
    assert scene.told(HEDGE, change) == [
        "12 0",
        "10 {0,1} #1 buy_limit placed 0.10/0.10",
        "19 10009 deal 0 order 1 0.10 @ 1.08",
    ]
    away = scene.request(8, BUY_LIMIT, "0.10", trade_order=1, price_order=1.08)
    assert scene.told(HEDGE, away) == [
        "12 0",
        "10 {0,2} #1 buy_limit canceled 0.10/0.10",
        "10 {1,0} #1 buy_limit canceled 0.10/0.10",
        "19 10009 deal 0 order 1 0.10 @ 1.08",
    ]


def test_pending_placed_may_answer_10008() -> None:
    scene = hedge(pending_code=10008)
    assert scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)[-1] == "19 10008 deal 0 order 1 0.10 @ 1.09"


def test_pending_filled() -> None:
    scene = hedge()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    assert scene.quote(1.08990, 1.09000) == [
        "10 {0,2} #1 buy_limit filled 0.00/0.10",
        "10 {1,0} #1 buy_limit filled 0.00/0.10",
        "10 {2,0} deal 2 buy in 0.10 @ 1.09 0.00; position 1 buy 0.10 @ 1.09; balance 10000.00",
    ]


def test_tc_o1_partial_fills_of_a_limit() -> None:
    """0.30 @ 1.20000, 0.50 @ 1.19990, 0.20 @ 1.19980: filled 1.00 @ 1.19991."""
    scene = Scene([instrument("EURUSD", depth=(0.3,))], [account(HEDGE)])
    scene.quote(1.20020, 1.20030)
    scene.pending(HEDGE, BUY_LIMIT, "1.00", 1.2)
    seen = scene.quote(1.19990, 1.20000)
    assert seen == [
        "10 {0,1} #1 buy_limit partial 0.70/1.00",
        "10 {2,0} deal 2 buy in 0.30 @ 1.2 0.00; position 1 buy 0.30 @ 1.2; balance 10000.00",
    ]
    deepen(scene, "0.5")
    assert scene.quote(1.19980, 1.19990) == [
        "10 {0,1} #1 buy_limit partial 0.20/1.00",
        "10 {2,0} deal 3 buy in 0.50 @ 1.1999 0.00; position 1 buy 0.80 @ 1.1999375; balance 10000.00",
    ]
    assert scene.quote(1.19970, 1.19980) == [
        "10 {0,2} #1 buy_limit filled 0.00/1.00",
        "10 {1,0} #1 buy_limit filled 0.00/1.00",
        "10 {2,0} deal 4 buy in 0.20 @ 1.1998 0.00; position 1 buy 1.00 @ 1.19991; balance 10000.00",
    ]


def deepen(scene: Scene, lots: str) -> None:
    """The book of EURUSD holds another volume from now on."""
    floor = scene.venue._floor
    floor.instruments["EURUSD"] = replace(floor.instruments["EURUSD"], depth_lots=(wire(lots),))


def test_tc_o2_partially_done_market_request() -> None:
    scene = Scene([instrument("EURUSD", depth=(0.5, 0.3))], [account(HEDGE)])
    scene.quote(1.1, 1.1001)
    assert scene.deal(HEDGE, BUY, "1.00") == [
        "12 0",
        "10 {0,0} #1 buy placed 1.00/1.00",
        "10 {0,1} #1 buy partial 0.50/1.00",
        "10 {2,0} deal 2 buy in 0.50 @ 1.1001 0.00; position 1 buy 0.50 @ 1.1001; balance 10000.00",
        "10 {0,1} #1 buy partial 0.20/1.00",
        "10 {2,0} deal 3 buy in 0.30 @ 1.10011 0.00; position 1 buy 0.80 @ 1.10010375; balance 10000.00",
        "10 {0,2} #1 buy canceled 0.20/1.00",
        "10 {1,0} #1 buy canceled 0.20/1.00",
        "19 10010 deal 3 order 1 0.80 @ 1.10010375",
    ]


def test_stop_loss_and_take_profit_close() -> None:
    for stops, quote, price, reason, profit in (
        ({"price_sl": 1.09}, (1.08990, 1.09), "1.0899", "SL", "-102.00"),
        ({"price_tp": 1.11}, (1.11000, 1.1101), "1.11", "TP", "99.00"),
    ):
        scene = hedge()
        scene.deal(HEDGE, BUY, "0.10", comment="mine", **stops)
        balance = Decimal(10_000) + Decimal(profit)
        assert scene.quote(*quote) == [
            "10 {1,0} #2 sell filled 0.00/0.10",
            f"10 {{2,0}} deal 3 sell out 0.10 @ {price} {profit} {reason}; "
            f"position 1 buy 0.00 @ 1.1001; balance {balance}",
        ]
        held = scene.account(HEDGE)
        order, deal = held.history[-1], held.deals[-1]
        assert (order.comment, deal.comment, order.position_id) == ("", "", 1)
        assert order.type_reason == deal.trade_reason == Reason[reason]


def test_stops_change() -> None:
    scene = hedge()
    scene.deal(HEDGE, BUY, "0.10")
    request = scene.request(6, BUY, "0.10", trade_position=1, price_sl=1.09, price_tp=1.12, type_flags=0)
    outcome = scene.ask(HEDGE, request)
    assert lines(outcome.effects) == [
        "10 {2,1} no deal; position 1 buy 0.10 @ 1.1001; balance 10000.00",
        "19 10009 deal 0 order 0 0.10 @ 0",
    ]
    (record,) = outcome.effects[0].value
    assert record.deal == Deal()
    assert (record.position.sl, record.position.tp) == (1.09, 1.12)


def test_close_by() -> None:
    scene = hedge()
    scene.deal(HEDGE, BUY, "0.10")
    scene.deal(HEDGE, SELL, "0.30")
    assert scene.told(HEDGE, scene.request(10, SELL, "0.10", trade_position=1, position_by=2)) == [
        "12 0",
        "10 {1,0} #3 close_by filled 0.00/0.10",
        "10 {2,0} deal 4 sell out_by 0.10 @ 1.1 -1.00; position 1 buy 0.00 @ 1.1001; balance 9999.00; "
        "deal 5 buy out_by 0.10 @ 1.1 0.00; position 2 sell 0.20 @ 1.1",
        "19 10009 deal 4 order 3 0.10 @ 1.1",
    ]


def test_rejection_in_answer_or_in_result() -> None:
    bad = {"price_sl": 1.2}
    in_answer = hedge(refuse_in="answer").deal(HEDGE, BUY, "0.10", **bad)
    assert in_answer == ["12 10016"]
    in_result = hedge().deal(HEDGE, BUY, "0.10", **bad)
    assert in_result == ["12 0", "19 10016 deal 0 order 0 0.00 @ 0"]


def test_requote_then_the_deal_at_the_new_price() -> None:
    scene = hedge()
    scene.quote(1.10000, 1.10010, "EURUSD.ins")
    instant = {"trade_symbol": "EURUSD.ins", "action": 2}
    outcome = scene.ask(HEDGE, scene.request(2, BUY, "0.10", trade_symbol="EURUSD.ins", price_order=1.1))
    (result,) = [effect.value.result for effect in outcome.effects]
    assert (result.retcode, result.bid, result.ask) == (10004, 1.10000, 1.10010)
    scene.quote(1.10500, 1.10510, "EURUSD.ins")
    done = scene.deal(HEDGE, BUY, "0.10", price_order=1.10010, **instant)
    assert done[-1] == "19 10009 deal 2 order 1 0.10 @ 1.1001"


def test_price_request_then_the_deal() -> None:
    scene = hedge()
    scene.quote(1.10000, 1.10010, "EURUSD.req")
    outcome = scene.ask(HEDGE, scene.request(0, BUY, "0.10", trade_symbol="EURUSD.req"))
    assert outcome.retcode == 0
    (result,) = [effect.value.result for effect in outcome.effects]
    assert (result.retcode, result.bid, result.ask) == (10005, 1.10000, 1.10010)
    scene.quote(1.10500, 1.10510, "EURUSD.req")
    asked = {"trade_symbol": "EURUSD.req", "action": 1}
    assert scene.deal(HEDGE, BUY, "0.10", price_order=1.10010, **asked)[1:] == [
        "10 {0,0} #1 buy placed 0.10/0.10",
        "10 {0,2} #1 buy filled 0.00/0.10",
        "10 {1,0} #1 buy filled 0.00/0.10",
        "10 {2,0} deal 2 buy in 0.10 @ 1.1001 0.00; position 1 buy 0.10 @ 1.1001; balance 10000.00",
        "19 10009 deal 2 order 1 0.10 @ 1.1001",
    ]


def test_deposit() -> None:
    scene = hedge()
    effects = scene.venue.deposit(scene.moment, HEDGE, Decimal("250.01"), comment="gift")
    assert lines(effects) == ["10 {2,0} deal 2 balance 250.01; no position; balance 10250.01"]
    (record,) = effects[0].value
    assert record.position == Position()
    assert (record.deal.trade_action, record.deal.trade_symbol) == (DealType.BALANCE, "")


def test_deal_amended_and_removed() -> None:
    scene = hedge()
    scene.deal(HEDGE, BUY, "0.10")
    amended = scene.venue.amend_deal(scene.moment, HEDGE, 2, price_open=1.1005, profit=-1.0)
    assert lines(amended) == [
        "10 {2,1} deal 2 buy in 0.10 @ 1.1005 -1.00; position 1 buy 0.10 @ 1.1005; balance 9999.00",
        "14",
    ]
    removed = scene.venue.remove_deal(scene.moment, HEDGE, 2)
    assert lines(removed) == [
        "10 {2,2} deal 2 buy in 0.10 @ 1.1005 -1.00; position 1 buy 0.00 @ 1.1005; balance 10000.00",
        "14",
    ]


def test_results_go_to_the_session_that_asked_and_transactions_to_all() -> None:
    for to_all, session in ((False, SESSION), (True, None)):
        scene = hedge(results_to_all=to_all)
        outcome = scene.ask(HEDGE, scene.request(3, BUY, "0.10", type_filling=1))
        assert {effect.session for effect in outcome.effects if effect.command == 10} == {None}
        assert [effect.session for effect in outcome.effects if effect.command == 19] == [session]


def test_the_echo_is_the_request_or_what_the_server_made_of_it() -> None:
    for filled, echoed in ((False, (0, 0.0)), (True, (1, 1.1001))):
        scene = hedge(echo_filled=filled)
        request = scene.request(3, BUY, "0.10", type_filling=1, comment="c")
        echo = scene.ask(HEDGE, request).effects[-1].value.request
        assert (echo.trade_order, echo.price_order) == echoed
        assert replace(echo, trade_order=0, price_order=0.0) == request


def test_every_push_is_one_message_with_a_transaction_id_of_its_own() -> None:
    scene = hedge()
    outcome = scene.ask(HEDGE, scene.request(3, BUY, "0.10", type_filling=1))
    records = [effect.value for effect in outcome.effects if effect.command == 10]
    assert all(len(record) == 1 for record in records)
    numbers = [record[0].transaction_id for record in records]
    assert numbers == sorted(set(numbers))
    assert [type(record[0]) for record in records] == [OrderTransaction] * 3 + [DealTransaction]


def test_deals_carry_what_the_symbol_and_the_account_say() -> None:
    scene = Scene(accounts=[account(NET, commission_per_lot=Decimal(7))], reason=17)
    scene.utc_ms += 123
    scene.quote(1.10000, 1.10010)
    scene.deal(NET, BUY, "0.50", comment="mine")
    deal = scene.account(NET).deals[-1]
    assert (deal.contract_size, deal.digits, deal.digits_currency) == (100_000.0, 5, 2)
    assert (deal.rate_profit, deal.rate_margin, deal.commission) == (1.0, 1.1001, -3.5)
    assert (deal.time_create, deal.time_create_msc) == (scene.moment.seconds, 123)
    assert (deal.comment, deal.trade_reason) == ("mine", Reason.WEB)


def test_change_of_rights_and_of_a_symbol() -> None:
    scene = Scene()
    assert [(effect.login, effect.command) for effect in scene.venue.set_rights(NET, 4)] == [(NET, 14)]
    spec = replace(scene.venue.specs["EURUSD"], trade_contract_size=1000.0)
    pushed = scene.venue.set_spec(spec)
    assert [(effect.login, effect.command, effect.value) for effect in pushed] == [
        (HEDGE, 13, [spec]),
        (NET, 13, [spec]),
    ]
