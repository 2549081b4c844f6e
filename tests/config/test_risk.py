"""Limits of risk in the file."""

from decimal import Decimal
from pathlib import Path

from oms.cli.config.shown import rows, shown
from oms.config import load
from oms.domain.limits import AccountLimits, forms_of
from tests.config.scene import LEAST, file

LIMITED = (
    LEAST
    + """
[accounts.main.risk]
max_volume_per_order = "5.00"
max_daily_loss = 500
price_collar_percent = 1.5
symbols = ["Forex\\\\*", "!EURTRY"]
trading_hours = ["mon-fri 08:00-17:30"]
alive_within = 30
[accounts.main.risk.clients.desk]
max_orders = 3
sides = []
"""
)


def test_limits_are_read_whole(tmp_path: Path) -> None:
    settings = load(file(tmp_path, LIMITED), {})
    risk = settings.accounts["main"].risk
    given = {name: getattr(risk, name) for name in forms_of(AccountLimits)}
    assert {name: one for name, one in given.items() if one is not None} == {
        "max_volume_per_order": Decimal(5),
        "max_daily_loss": Decimal(500),
        "price_collar_percent": Decimal("1.5"),
        "symbols": ("Forex\\*", "!EURTRY"),
        "trading_hours": ("mon-fri 08:00-17:30",),
    }
    assert (risk.alive_within, risk.alive_missed, risk.breach_until) == (Decimal(30), "reduce", "resume")
    assert list(risk.clients) == ["desk"]
    assert (risk.clients["desk"].max_orders, risk.clients["desk"].sides) == (Decimal(3), ())


def test_they_are_shown(tmp_path: Path) -> None:
    settings = load(file(tmp_path, LIMITED), {})
    told = shown(settings)["settings"]["accounts"]["main"]["risk"]
    assert (told["price_collar_percent"], told["clients"]["desk"]["max_orders"]) == ("1.5", "3")
    cells = {key: value for key, value, _ in rows(settings)}
    assert cells["accounts.main.risk.max_daily_loss"] == "500"
    assert cells["accounts.main.risk.clients.desk.max_orders"] == "3"
