"""`oms log stats` and `oms log diff`: what a log is made of, and what changed between two events."""

import itertools
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.cli.log.stats import bar, plot
from oms.domain.events import AccountChanged, LedgerOpened, OrderPlaced, OrderUpdated
from oms.eventlog.statistics import SPANS, TypeCount, counted
from oms.rewind import Moment, account_at, difference
from tests.eventlog.scene import opened
from tests.queries.test_statement import booked
from tests.verify.scene import Log, tampering

from .scene import SECOND, bodies, draft, here

D = Decimal


def test_events_by_type_and_over_time(tmp_path: Path) -> None:
    """Each second one event; in the last of them a hundred more."""
    noon = 1_795_176_000
    at = itertools.accumulate([SECOND] * 59 + [0] * 200, initial=noon * SECOND)
    made = opened(tmp_path / "journal", "main", clock=lambda: next(at))
    drafts = [
        draft("order.placed" if number % 3 else "deal.booked", deal=str(number)) for number in range(159)
    ]
    for one in drafts[:59]:
        made.write([one])
    made.write(drafts[59:])
    found = counted(made.path)
    sizes = [len(body.encode()) for body in bodies(tmp_path, "main")]
    assert (found.events, found.bytes) == (160, sum(sizes))
    assert [(one.type, one.events) for one in found.types] == [
        ("order.placed", 106), ("deal.booked", 53), ("account.opened", 1),
    ]  # fmt: skip
    assert found.types[2] == TypeCount("account.opened", 1, sizes[0])
    assert (found.busiest, found.busiest_at) == (101, "2026-11-20T12:00:59Z")
    assert (found.span_s, found.spans) == (1.0, [1] * (SPANS - 1) + [101])
    later = counted(made.path, since=(noon + 59) * SECOND)
    assert (later.events, later.first_at) == (101, "2026-11-20T12:00:59.000000000Z")
    assert counted(made.path, before=0).events == 0
    made.close()


@pytest.mark.parametrize("seq", [1, 5])
def test_a_time_that_is_none_is_damage(tmp_path: Path, seq: int) -> None:
    made = Log(tmp_path)
    made.trade(2)
    made.close()
    with tampering(made.path) as connection:
        (body,) = connection.execute("SELECT body FROM event WHERE seq = ?", (seq,)).fetchone()
        connection.execute(
            "UPDATE event SET body = ? WHERE seq = ?", (body.replace(b'_at":"2', b'_at":"X'), seq)
        )
    done = here("stats", "--data", tmp_path)
    assert (done.returncode, f"seq {seq}" in done.stderr) == (1, True)


def test_bars_and_plots_are_plain_characters() -> None:
    assert (bar(8, 8, 4), bar(4, 8, 4), bar(1, 8, 4), bar(0, 8, 4), bar(0, 0, 4)) == (
        *("████", "██", "▌", "", ""),
    )
    assert bar(1, 10**9) == "▏"
    assert plot([0, 1, 50, 100]) == " ▁▄█"
    assert plot([]) == ""


def test_stats_for_people_and_programs(tmp_path: Path) -> None:
    made = Log(tmp_path)
    made.trade(2)
    made.tick()
    made.close()
    shown = here("stats", "--data", tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "15 events" in shown.stdout
    assert "deal.booked" in shown.stdout
    (line,) = here("stats", "--data", tmp_path, "--json").stdout.splitlines()
    told = json.loads(line)
    (account,) = told["accounts"]
    assert {one["type"]: one["events"] for one in account["types"]} == {
        "order.placed": 4, "deal.booked": 4, "order.ended": 4,
        "account.opened": 1, "account.changed": 1, "ledger.opened": 1,
    }  # fmt: skip
    assert [one["pushes"] for one in told["market"]] == [20]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log(tmp_path)
    terms = AccountChanged(currency="USD", digits=2, margin_mode="retail_hedging")
    placed: dict[str, Any] = {"symbol": "EURUSD", "type": "buy_limit", "state": "placed", "volume": D("0.10")}
    made.record(terms, LedgerOpened(D("100.00"), D("0.00")))  # 2, 3
    made.record(OrderPlaced("7", remaining=D("0.10"), price=D("1.05"), **placed))  # 4
    made.record(OrderUpdated("7", remaining=D("0.10"), price=D("1.06"), **placed))  # 5
    made.record(booked(9, "balance", "2026-03-27T08:00:00.000+02:00", profit="12.50"))  # 6
    made.close()
    return made


def changed(log: Log, first: int, second: int) -> list[tuple[object, ...]]:
    before, after = (
        account_at(log.data, "main", Moment(seq=seq), quotes=False).view for seq in (first, second)
    )
    return [
        (one.what, one.name, one.change, one.fields if one.change == "changed" else len(one.fields) > 4)
        for one in trio.run(difference, before, after)
    ]


def test_what_changed_between_two_events(log: Log) -> None:
    assert changed(log, 3, 4) == [("orders", "7", "added", True)]
    assert changed(log, 4, 5) == [("orders", "7", "changed", {"price": ("1.05", "1.06")})]
    assert changed(log, 5, 6) == [("account", "main", "changed", {"balance": ("100.00", "112.50")})]
    assert changed(log, 6, 3) == [
        ("orders", "7", "removed", True),
        ("account", "main", "changed", {"balance": ("112.50", "100.00")}),
    ]
    assert changed(log, 6, 6) == []


def test_diff_for_people_and_programs(log: Log) -> None:
    shown = here("diff", "4", "6", "--data", log.data)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "price=1.05->1.06" in shown.stdout
    told = json.loads(here("diff", "4", "6", "--data", log.data, "--json").stdout)
    assert (told["from"]["seq"], told["to"]["seq"]) == (4, 6)
    assert told["changes"][1]["fields"] == {"balance": ["100.00", "112.50"]}
    assert "nothing changed" in here("diff", "6", "6", "--data", log.data).stdout
    wrong = here("diff", "4", "99", "--data", log.data)
    assert (wrong.returncode, "99 is not recorded, the last is 6" in wrong.stderr) == (2, True)
