"""What came later: prices asked for first, orders called off, stops, deals that the broker changed."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.domain.events import CommandReceived, OrderPlaced
from oms.explain import Ambiguous, NotThere, explained
from oms.explain.page import headline
from oms.explain.subject import found
from oms.projections import Books
from tests.dispatch.desked import Desked, desked
from tests.paper.running import HEDGE, running

D = Decimal
Row = dict[str, Any]
Story = Callable[[str], Row]
pytestmark = pytest.mark.slow
DEPOSIT = D("5000000")


async def lived(folder: Path) -> dict[str, Row]:
    async with running() as venue, desked(venue, folder) as trading:
        venue.control("deposit", login=HEDGE, amount=str(DEPOSIT))
        venue.quote(1.1, 1.1001, "EURUSD.req")
        await quoted(trading, 1.1, 1.1001)
        replies = {"in": await trading.buy("0.10", id="in", sl="1.05")}
        await quoted(trading, 1.102, 1.1021)
        position = replies["in"]["position"]
        replies["part"] = await trading.ask("close", id="part", position=position, volume="0.04")
        await venue.advance(60_000)
        (deal,) = replies["part"]["deals"]
        venue.control("amend_deal", login=HEDGE, deal=int(deal["deal"]), changes={"profit": -3.0})
        await happened(trading, "deal.amended")
        (paid,) = [one["deal"] for one in venue.control("truth")["deals"] if one["profit"] == float(DEPOSIT)]
        venue.control("remove_deal", login=HEDGE, deal=paid)
        await happened(trading, "deal.removed")
        replies["wait"] = await trading.buy("0.20", id="wait", type="limit", price="1.04")
        await venue.advance(60_000)
        replies["gone"] = await trading.ask("cancel", id="gone", command="wait")
        replies["priced"] = await trading.buy("0.01", id="priced", symbol="EURUSD.req")
        venue.quote(1.049, 1.0491)
        await trading.held.until(lambda: trading.held.events("deal.booked")[-1]["reason"] == "sl")
        replies["paid"] = {"deal": str(paid)}
        return replies


async def quoted(trading: Desked, bid: float, ask: float) -> None:
    trading.venue.quote(bid, ask)
    board = trading.held.account.feed.board

    def known() -> bool:
        shown = board.get("EURUSD")
        return shown is not None and shown.bid == bid

    await trading.held.until(known)


async def happened(trading: Desked, kind: str) -> None:
    await trading.held.until(lambda: bool(trading.held.events(kind)))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Row]]:
    folder = tmp_path_factory.mktemp("later")
    return folder, trio.run(lived, folder)


@pytest.fixture
def story(life: tuple[Path, dict[str, Row]]) -> Story:
    return lambda asked: explained(life[0], "main", asked)


@pytest.fixture
def replies(life: tuple[Path, dict[str, Row]]) -> dict[str, Row]:
    return life[1]


def ledger(story: Row) -> list[tuple[str, Decimal, Decimal]]:
    """Type, what was added, and the balance behind it."""
    return [
        (one["type"], D(one["data"]["amount"]), D(one["data"]["balance_after"]))
        for one in story["timeline"]
        if one["stage"] == "ledger"
    ]


def took(story: Row, command: str) -> dict[str, float]:
    return {one["stage"]: one["seconds"] for one in story["stages"] if one["command"] == command}


def test_a_deal_that_was_amended_is_told_as_it_was_booked_then(story: Story) -> None:
    # Bought 0.10 at 1.1001, 0.04 sold at 1.1020: 19 points of 4 dollars.
    start = D("10000.00") + DEPOSIT
    assert ledger(story("part")) == [
        ("deal.booked", D("7.60"), start + D("7.60")),
        ("deal.amended", D("-10.60"), start - D("3.00")),
    ]
    lines = [one["says"] for one in story("part")["timeline"] if one["stage"] == "ledger"]
    assert lines[0].startswith("booked 7.60 (profit 7.60)")
    assert lines[1].startswith("booked -10.60 (profit -10.60)")


def test_a_deal_that_was_taken_back_had_booked_something(story: Story, replies: dict[str, Row]) -> None:
    start = D("10000.00")
    assert ledger(story(f"deal:{replies['paid']['deal']}")) == [
        ("deal.booked", DEPOSIT, start + DEPOSIT),
        ("deal.removed", -DEPOSIT, start - D("3.00")),
    ]


def test_what_came_a_minute_later_is_no_latency(story: Story) -> None:
    # The venue's clock stands still but for the minutes.
    times = took(story("part"), "part")
    assert (times["first deal until outcome"], times["whole"]) == (0.0, 0.0)
    assert "outcome until over" not in times  # it was filled, and is
    times = took(story("wait"), "wait")
    assert (times["whole"], times["outcome until over"]) == (0.0, 60.0)


def test_who_called_an_order_off_by_its_command_is_told(story: Story, replies: dict[str, Row]) -> None:
    for asked in ("wait", f"order:{replies['wait']['order']}"):
        told = story(asked)
        assert {one["command"] for one in told["commands"]} == {"wait", "gone"}
        assert [one["verb"] for one in told["decisions"]] == ["submit", "cancel"]


def test_the_question_for_prices_has_stages_of_its_own(story: Story) -> None:
    told = story("priced")
    assert [one["stage"] for one in told["stages"]] == [
        "decided and written down",
        "prices asked for until told",
        "decided on the prices",
        "sent until answered",
        "answered until result",
        "sent until its first deal",
        "result until its first deal",
        "first deal until outcome",
        "whole",
    ]
    ask, order = [one for one in told["timeline"] if one["type"] == "command.sending"]
    by_name = {one["stage"]: one for one in told["stages"]}
    assert by_name["prices asked for until told"]["begins"] == ask["recorded_at"]
    assert by_name["sent until answered"]["begins"] == order["recorded_at"]
    answers = [one for one in told["timeline"] if one["type"] == "command.answered"]
    assert by_name["sent until answered"]["ends"] == answers[-1]["recorded_at"]


def test_what_a_stop_closed_is_nobody_elses(story: Story, replies: dict[str, Row]) -> None:
    position = replies["in"]["position"]
    deal = next(one for one in story(f"position:{position}")["deals"] if one["reason"] == "sl")
    for asked in (f"order:{deal['order']}", f"deal:{deal['deal']}"):
        told = story(asked)
        assert {name: told["subject"][name] for name in ("ours", "external", "by_server")} == {
            "ours": True, "external": False, "by_server": "sl",
        }  # fmt: skip
        assert headline(told).startswith("made by the venue: sl of its position")
        # What set the stop is part of why.
        assert "in" in {one["command"] for one in told["commands"]}
        assert [one["position"] for one in told["positions"]] == [position]
    assert story(f"order:{replies['in']['order']}")["subject"]["by_server"] is None


def test_a_name_that_several_commands_have_may_be_a_tickets_too(tmp_path: Path) -> None:
    """Two clients call their commands 1023, and 1023 is an order: what is asked for decides."""
    books = Books()
    for client in ("bot", "desk"):
        books.fold(CommandReceived("1023", client, "submit", payload={}))
    books.fold(CommandReceived("order:7", "desk", "submit", payload={}))
    books.fold(OrderPlaced("1023", symbol="EURUSD", type="buy_limit", state="placed", volume=D("1.00")))
    subject, related = found(books, "order:1023")
    assert (subject.what, related.orders, subject.also) == ("order", {"1023"}, ("command:1023",))
    with pytest.raises(Ambiguous, match="say --client bot or desk"):
        found(books, "1023")
    assert found(books, "command:order:7")[0].name == "order:7"
    with pytest.raises(NotThere, match="no command, order, deal or position 'order:'"):
        found(books, "order:")
