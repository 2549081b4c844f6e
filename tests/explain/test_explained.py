"""Every story is the venue's own truth: what was asked, sent, filled, booked, and whose it was."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from oms.explain import Ambiguous, NotThere, explained
from oms.projections.commands import UNKNOWN

from .scene import BOOK, Row, Told

D = Decimal
LOT = 10**8
pytestmark = pytest.mark.slow


def stages(story: Row) -> list[str]:
    return [one["stage"] for one in story["timeline"] if not one["around"]]


def steps(story: Row, kind: str) -> list[Row]:
    return [one for one in story["timeline"] if one["type"] == kind and not one["derived"]]


def says(story: Row) -> str:
    return "\n".join(one["says"] for one in story["timeline"])


def deals_are_the_venues(told: Told, story: Row, order: str) -> None:
    """Tickets, volumes, prices, money."""
    theirs = {
        str(one["deal"]): (D(one["trade_volume"]) / LOT, D(repr(one["price_open"])), D(repr(one["profit"])))
        for one in told.deals(order)
    }
    ours = {one["deal"]: (D(one["volume"]), D(one["price"]), D(one["profit"])) for one in story["deals"]}
    assert ours == theirs
    booked = {one["data"]["deal"]: one["data"] for one in steps(story, "deal.booked")}
    assert booked.keys() == theirs.keys()


def what_was_sent_arrived(told: Told, story: Row) -> list[int]:
    """Each intent of the story is a request that the venue had, once."""
    sent = [one["data"]["action_id"] for one in steps(story, "command.sending")]
    assert [told.requests().count(number) for number in sent] == [1] * len(sent)
    return sent


def events_are_the_journals(told: Told, story: Row) -> None:
    """By their seqs and hashes, read without any code of ours."""
    with closing(sqlite3.connect(told.folder / "main.db")) as rows:
        stored = {seq: (kind, bytes(found).hex()) for seq, kind, found in rows.execute(
            "SELECT seq, type, hash FROM event")}  # fmt: skip
    assert story["timeline"]
    for one in story["timeline"]:
        assert stored[one["seq"]] == (one["type"], one["hash"])


def test_an_order_that_was_filled(told: Told) -> None:
    story, reply = told.explained("filled"), told.replies["filled"]
    order = told.order(reply["order"])
    assert story["subject"] == {
        "what": "command", "name": "filled", "ours": True, "external": False, "by_server": None,
        "also": [],
    }  # fmt: skip
    (command,), (shown,) = story["commands"], story["orders"]
    assert (command["status"], command["order"]) == ("filled", str(order["trade_order"]))
    assert D(shown["filled"]) == D(order["volume_initial"]) / LOT == D("0.10")
    assert shown["record"]["comment"] == order["comment"]
    deals_are_the_venues(told, story, reply["order"])
    assert len(what_was_sent_arrived(told, story)) == 1
    events_are_the_journals(told, story)
    found = stages(story)
    assert found[:2] == ["received", "sent"]
    assert found[-1] == "outcome"
    assert {"answered", "result", "order", "deal", "ledger"} < set(found)
    assert {one["cause"] for one in story["timeline"]} == {"filled"}
    # The intent is no proof that a byte of it left: a daemon may die in between (docs/semantics.md 8, TC-U7).
    assert "approved, written down to be sent: deal_market buy 0.10 EURUSD" in says(story)
    (deal,) = steps(story, "deal.booked")
    assert deal["subject"] == "oms.v1.evt.main.deal.booked.EURUSD"
    assert deal["stream"] == "OMS_EVT_main"


def test_all_that_it_was_decided_on_is_shown(told: Told) -> None:
    story = told.explained("filled")
    (decision,) = story["decisions"]
    assert (decision["verdict"], decision["request"]["volume"]) == ("approved", "0.10")
    assert decision["intent"]["action"] == "deal_market"
    inputs = decision["inputs"]
    assert (inputs["quote"]["bid"], inputs["quote"]["ask"]) == ("1.1", "1.1001")
    assert (inputs["account"]["margin_mode"], inputs["symbol"]["volume_step"]) == ("retail_hedging", "0.01")
    # 0.10 lots x 100 000 at 1.1001, 1:100, is what the venue would keep (docs/semantics.md 6).
    assert inputs["margin_after"]["added"] == "110.01"
    assert (inputs["link"], inputs["restrictions"], inputs["positions"]) == ("ready", {}, [])
    assert inputs["policy"]["quote_age_s"] == 600
    assert decision["again"] == {"same": True, "verdict": "approved", "differences": []}


def test_an_order_that_was_filled_in_part(told: Told) -> None:
    story, reply = told.explained("partly"), told.replies["partly"]
    (command,) = story["commands"]
    assert (command["status"], command["filled"], command["volume"]) == ("canceled", BOOK, "90.00")
    theirs = told.order(reply["order"])
    assert D(theirs["volume_initial"] - theirs["volume_current"]) / LOT == D(BOOK)
    deals_are_the_venues(told, story, reply["order"])
    assert len(story["deals"]) > 1
    assert "canceled, 80.00 of 90.00 filled" in says(story)
    what_was_sent_arrived(told, story)


def test_a_command_that_was_denied(told: Told) -> None:
    story = told.explained("denied")
    assert [one["type"] for one in story["timeline"]] == ["command.received", "command.denied"]
    (decision,) = story["decisions"]
    assert (decision["verdict"], decision["intent"]) == ("denied", None)
    assert [one["code"] for one in decision["reasons"]] == ["volume_off_step"]
    assert "volume_off_step: 0.015 is not a multiple of 0.01" in says(story)
    assert (story["orders"], story["deals"]) == ([], [])
    assert decision["inputs"]["symbol"]["volume_step"] == "0.01"
    names = [name for name in told.replies if " " not in name]
    sent = {number for name in names for number in what_was_sent_arrived(told, told.explained(name))}
    assert set(told.requests()) - sent == phones(told)  # nothing at the venue but what is explained


def phones(told: Told) -> set[int]:
    """The number of the phone's one request."""
    external = [one for one in told.truth["orders"] if "~" not in one["comment"]]
    assert len(external) == 1
    return {told.requests()[-2]}  # before the close


def test_an_order_that_was_unknown_and_found(told: Told) -> None:
    story, reply = told.explained("lost"), told.replies["lost"]
    (command,) = story["commands"]
    assert (command["status"], command["order"]) == ("filled", reply["order"])
    deals_are_the_venues(told, story, reply["order"])
    assert len(what_was_sent_arrived(told, story)) == 1
    (unknown,), (settled,) = steps(story, "command.unknown"), steps(story, "command.settled")
    assert (unknown["data"]["reason"], settled["data"]["verdict"]) == ("session_ended", "found")
    assert settled["data"]["order"] == reply["order"]
    assert settled["data"]["evidence"] == "marker"
    sending = steps(story, "command.sending")[0]["data"]
    assert told.order(reply["order"])["comment"] == sending["comment"]
    assert sending["marker"] in sending["comment"]
    seqs = [one["seq"] for one in (unknown, settled, *steps(story, "command.outcome"))]
    assert seqs == sorted(seqs)
    meanwhile = [one["type"] for one in story["timeline"] if one["around"]]
    assert "session.ended" in meanwhile
    assert "account.state" in meanwhile
    # What went on when the doubt was over has nothing to do with it.
    assert max(one["seq"] for one in story["timeline"] if one["around"]) < settled["seq"]
    assert "in doubt until settled" in {one["stage"] for one in story["stages"]}
    assert UNKNOWN in says(story)


def test_an_order_of_somebody_elses(told: Told) -> None:
    (theirs,) = [one for one in told.truth["orders"] if "~" not in one["comment"]]
    story = told.explained(str(theirs["trade_order"]))
    assert (story["subject"]["what"], story["subject"]["external"]) == ("order", True)
    assert (story["commands"], story["decisions"], steps(story, "command.sending")) == ([], [], [])
    (order,) = story["orders"]
    assert (order["filled"], order["command"]) == ("0.40", None)
    deals_are_the_venues(told, story, order["order"])


def test_the_ledgers_lines_lead_to_the_venues_balance(told: Told) -> None:
    story = told.explained("closed", client="bot")
    (deal,) = story["deals"]
    line = next(one for one in story["timeline"] if one["stage"] == "ledger")
    (account,) = [one for one in told.truth["accounts"] if one["login"] == 1001]
    assert line["data"]["balance_after"] == account["balance"]  # nothing was booked behind it
    assert line["data"]["amount"] == deal["profit"]
    # bought 0.10 at 1.1001, sold at 1.1020: 19 points of ten dollars' lots
    assert deal["profit"] == "19.00"


def test_an_order_is_told_with_those_who_changed_it(told: Told) -> None:
    order = told.replies["placed"]["order"]
    story = told.explained(f"order:{order}")
    assert {one["command"] for one in story["commands"]} == {"placed", "moved"}
    (shown,) = story["orders"]
    assert (shown["state"], shown["record"]["price"], shown["command"]) == ("working", "1.06", "placed")
    assert [one["verdict"] for one in story["decisions"]] == ["approved", "approved"]
    assert story["decisions"][1]["inputs"]["order"]["price"] == "1.05"


def test_a_position_is_told_with_all_that_traded_it(told: Told) -> None:
    position = told.replies["filled"]["position"]
    story = told.explained(f"position:{position}")
    assert {one["command"] for one in story["commands"]} == {"filled", "closed", "again"}
    assert [one["entry"] for one in story["deals"]] == ["in", "out"]
    assert story["positions"] == [{"position": position, "open": False}]
    assert "position_closed" in says(story)


def test_a_deal_is_told_with_its_order(told: Told) -> None:
    (deal,) = told.explained("filled")["deals"]
    story = told.explained(f"deal:{deal['deal']}")
    assert story["subject"]["what"] == "deal"
    assert [one["command"] for one in story["commands"]] == ["filled"]


def test_it_is_told_as_it_was_then(told: Told) -> None:
    whole = told.explained("lost")
    (unknown,) = steps(whole, "command.unknown")
    story = explained(told.folder, "main", "lost", until=unknown["seq"])
    assert (story["commands"][0]["status"], story["timeline"][-1]["type"]) == (UNKNOWN, "command.unknown")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nobody", "no command, order, deal or position 'nobody' is in the journal"),
        ("order:filled", "no order 'filled'"),
        ("deal:999", "no deal '999'"),
    ],
)
def test_what_is_not_there_is_told(told: Told, asked: str, message: str) -> None:
    with pytest.raises(NotThere, match=message):
        told.explained(asked)


def test_a_name_of_several_clients_has_to_say_whose(told: Told) -> None:
    with pytest.raises(Ambiguous, match="say --client desk or bot"):
        told.explained("same")
    assert told.explained("same", client="bot")["commands"][0]["client"] == "bot"
    with pytest.raises(NotThere, match="of desk"):
        told.explained("closed", client="desk")


def test_everything_is_plain(told: Told) -> None:
    """JSON has it as it is."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert all(isinstance(name, str) for name in value)
            for inner in value.values():
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        else:
            assert value is None or isinstance(value, str | int | float | bool)

    check(told.explained("lost"))
