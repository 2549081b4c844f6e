"""Decisions made again from the log: the same on the same, another where something is another.

That none differs over whole troubled lives of a daemon is judged by tests/simulation (`Found.judge`).
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oms.decisions import Again, again, limits_in, walk
from oms.decisions.with_limits import BadLimits
from oms.eventlog.envelope import Envelope
from oms.eventlog.reader import Reader
from oms.eventlog.reading import events_of
from oms.projections import Books
from oms.projections.restraint import Read
from tests.explain.scene import Told, traded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return traded(tmp_path_factory.mktemp("decided"))


def made(
    told: Told,
    limits: Read | None = None,
    change: Callable[[Envelope], Envelope] = lambda stored: stored,
) -> dict[str, Again]:
    """All decisions, the last of each command."""
    books = Books()
    with closing(Reader(told.folder / "main.db")) as reader:
        events = map(change, events_of(reader))
        return {one.key[1]: again(one, books, limits) for one in walk(events, books)}


def test_each_comes_out_the_same(told: Told) -> None:
    found = made(told)
    assert found.keys() == {
        "filled",
        "denied",
        "partly",
        "placed",
        "moved",
        "lost",
        "closed",
        "again",
        "same",
    }
    assert {name: one.differences for name, one in found.items() if one.differences} == {}
    assert {one.now for one in found.values()} == {"approved", "denied"}
    assert all(one.now == one.then for one in found.values())


def changed(kind: str, command: str, **data: Any) -> Callable[[Envelope], Envelope]:
    """A journal in which an event of a command says something else."""

    def change(stored: Envelope) -> Envelope:
        if (stored.type, stored.data.get("command")) != (kind, command):
            return stored
        own = dict(stored.data)
        for name, value in data.items():
            own[name] = {**own[name], **value} if isinstance(value, dict) else value
        return Envelope(**{name: getattr(stored, name) for name in stored.__struct_fields__} | {"data": own})

    return change


@pytest.mark.parametrize(
    ("kind", "command", "data", "field"),
    [
        ("command.sending", "filled", {"volume": "0.20"}, "volume"),
        ("command.sending", "filled", {"comment": "other"}, "comment"),
        ("command.sending", "filled", {"quote": {"age": 601.0}}, "verdict"),
        ("command.sending", "filled", {"risk": {"link": "connecting"}}, "verdict"),
        ("command.sending", "filled", {"risk": {"restrictions": {"halted": "why"}}}, "verdict"),
        ("command.sending", "filled", {"risk": {"reached": False}}, "verdict"),
        ("command.sending", "filled", {"risk": {"nats_away": True}}, "verdict"),
        ("command.sending", "filled", {"risk": {"refusing": {"opening": ""}}}, "verdict"),
        ("command.sending", "filled", {"risk": {"account": {"max_orders": "1"}}}, "figures.account"),
        ("command.sending", "filled", {"margin": {"free": "-1.00"}}, "verdict"),
        ("command.sending", "placed", {"price": "1.04"}, "price"),
        ("command.received", "partly", {"payload": {"volume": "0.001"}}, "verdict"),
        ("command.denied", "denied", {"reasons": [{"code": "volume_off_step"}]}, "reasons"),
        ("command.received", "denied", {"payload": {"volume": "0.01"}}, "verdict"),
    ],
)  # fmt: skip
def test_whatever_it_was_made_on_makes_another_of_it(
    told: Told, kind: str, command: str, data: dict[str, Any], field: str
) -> None:
    one = made(told, change=changed(kind, command, **data))[command]
    assert field in [difference.field for difference in one.differences]


def test_the_settings_of_then_count(told: Told) -> None:
    """There a quote could be ten minutes old, which is not the usual."""
    one = made(told, change=changed("command.sending", "filled", quote={"age": 599.0}))["filled"]
    assert (one.now, one.differences) == ("approved", ())


def test_other_limits_are_a_what_if(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('max_volume_per_order = 0.25\nsides = ["buy"]\n[clients.bot]\nmax_orders = 0\n')
    found = made(told, limits_in(file, "main"))
    otherwise = {name: [why.code for why in one.reasons] for name, one in found.items() if one.differences}
    # The close takes risk away, so that no limit is about it; the denied ones stay denied.
    assert otherwise == {
        "partly": ["risk_order_volume"],
        "placed": ["risk_order_volume", "risk_orders"],
    }
    assert [one.then for one in found.values() if one.differences] == ["approved", "approved"]


def test_limits_that_measure_time_have_the_times_of_then(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("max_orders_per_minute = 2\n")
    found = made(told, limits_in(file, "main"))
    # The clock of the scene stands still: filled, partly, placed, moved, lost came within a minute.
    assert {name for name, one in found.items() if one.differences} == {"placed", "moved", "lost"}


def test_what_the_log_does_not_hold_decides_nothing(told: Told, tmp_path: Path) -> None:
    """Equity and what lots were worth are kept where a limit asks for them; there none did."""
    file = tmp_path / "limits.toml"
    file.write_text("max_daily_loss = 1000000\nmax_notional = 1000000000\n")
    found = made(told, limits_in(file, "main"))
    both = ("max_daily_loss", "max_notional")
    assert {name: one.missing for name, one in found.items() if one.missing} == {
        **dict.fromkeys(("filled", "partly", "placed", "lost"), both),
        "moved": ("max_notional",),  # a change of price makes an order worth more, and loses nothing
    }
    assert {one.now for one in found.values() if one.missing} == {None}
    assert {name for name, one in found.items() if one.differences} == set()


def test_what_is_denied_anyway_needs_no_more(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("max_drawdown = 1\nmax_volume_per_order = 0.25\n")
    found = made(told, limits_in(file, "main"))
    assert [why.code for why in found["partly"].reasons] == ["risk_order_volume"]
    assert (found["partly"].now, found["partly"].missing) == ("denied", ())
    assert (found["filled"].now, found["filled"].missing) == (None, ("max_drawdown",))


def test_what_was_not_known_then_denies_as_then(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("max_daily_loss = 1000000\n")
    asked = changed("command.sending", "filled", risk={"account": {"max_daily_loss": "unknown"}})
    one = made(told, limits_in(file, "main"), asked)["filled"]
    assert ([why.code for why in one.reasons], one.missing) == (["risk_unknown"], ())


def test_a_file_of_settings_will_do(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "oms.toml"
    file.write_text(
        '[accounts.main]\nlogin = 1\n[accounts.main.risk]\nbreach_until = "resume"\n'
        "max_volume_per_order = 1\n[accounts.main.risk.clients.desk]\nmax_orders = 3\n"
    )
    found = limits_in(file, "main")
    assert found.account is not None
    assert (str(found.account.max_volume_per_order), str(found.clients["desk"].max_orders)) == ("1", "3")
    assert limits_in(file, "other") == limits_in(_written(tmp_path, ""), "main")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_volume_per_order = -1", "max_volume_per_order: must be"),
        ("max_volume = 1", "main: max_volume: no limit of this build"),
        ("[clients]\nbot = 1", "bot is no table"),
        ("max_orders = ", "Invalid value"),
        ("clients = 3", "clients is no table"),
    ],
)
def test_what_are_no_limits_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadLimits, match=message) as found:
        limits_in(_written(tmp_path, text), "main")
    assert "limits.toml: " in str(found.value)


def _written(folder: Path, text: str) -> Path:
    file = folder / "limits.toml"
    file.write_text(text)
    return file
