"""Streams of deals as a venue makes them, drawn: each is possible where it stands, tickets and times rise."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from oms.domain.records import DealRecord

D = Decimal
SYMBOLS = {"EURUSD": (D("1.1"), D("0.00001"), 5), "XAUUSD": (D("2350"), D("0.01"), 2)}
MONEY_TYPES = (
    *("balance", "credit", "charge", "correction", "bonus", "commission", "commission_daily"),
    *("commission_monthly", "agent_daily", "agent_monthly", "interest", "dividend", "dividend_franked"),
    *("tax", "18", "77", "buy_canceled", "sell_canceled"),
)
OTHER = {"buy": "sell", "sell": "buy"}

CENTS = st.integers(-99_999, 99_999).map(lambda cents: D(cents) / 100)
STEPS = st.fixed_dictionaries(
    {
        "do": st.sampled_from(("open", "open", "close", "close", "reverse", "close_by", "money")),
        "symbol": st.sampled_from(sorted(SYMBOLS)),
        "side": st.sampled_from(sorted(OTHER)),
        "lots": st.integers(1, 500).map(lambda cents: D(cents) / 100),
        "points": st.integers(-3000, 3000),
        "amounts": st.tuples(CENTS, CENTS, CENTS, CENTS),
        "type": st.sampled_from(MONEY_TYPES),
        "pick": st.integers(0, 99),
        "named": st.booleans(),  # whether an opening deal names the position that it makes
        "seconds": st.integers(0, 40_000),
    }
)


class Stream:
    """Deals so far, and what they leave: lots by identifier, long counted up."""

    def __init__(self, *, hedging: bool) -> None:
        self.hedging = hedging
        self.deals: list[DealRecord] = []
        self.open: dict[str, tuple[str, Decimal]] = {}  # identifier: symbol, signed lots
        self._ticket, self._time = 100, 0

    def go(self, step: dict[str, Any]) -> None:
        """One step, as far as it is possible now."""
        self._time += step["seconds"]
        held = [(one, *self.open[one]) for one in self.open if self.open[one][0] == step["symbol"]]
        if step["do"] == "money":
            self._money(step)
        elif step["do"] == "open" or not held:
            self._open(step, held)
        elif step["do"] == "close_by" and self.hedging:
            self._close_by(step, held)
        else:
            self._against(step, held[step["pick"] % len(held)])

    def _money(self, step: dict[str, Any]) -> None:
        self._deal(step, step["type"], symbol="")

    def _open(self, step: dict[str, Any], held: list[tuple[str, str, Decimal]]) -> None:
        order = str(self._ticket + 5001)
        if self.hedging or not held:
            self._trade(step, step["side"], "in", step["lots"], order if step["named"] else None, order)
            self._move(order, step["symbol"], step["side"], step["lots"])
        else:
            ((identifier, _, signed),) = held
            side = "buy" if signed > 0 else "sell"
            self._trade(step, side, "in", step["lots"], identifier, order)
            self._move(identifier, step["symbol"], side, step["lots"])

    def _against(self, step: dict[str, Any], one: tuple[str, str, Decimal]) -> None:
        identifier, symbol, signed = one
        side = "sell" if signed > 0 else "buy"
        lots, entry = min(step["lots"], abs(signed)), "out"
        if step["do"] == "reverse" and not self.hedging:
            lots, entry = abs(signed) + step["lots"], "inout"
        self._trade(step, side, entry, lots, identifier, str(self._ticket + 5001))
        self._move(identifier, symbol, side, lots)

    def _close_by(self, step: dict[str, Any], held: list[tuple[str, str, Decimal]]) -> None:
        longs, shorts = ([one for one in held if (one[2] > 0) is long] for long in (True, False))
        if not (longs and shorts):
            return
        long, short = longs[step["pick"] % len(longs)], shorts[step["pick"] % len(shorts)]
        lots, order = min(long[2], -short[2]), str(self._ticket + 5001)
        for identifier, side in ((long[0], "sell"), (short[0], "buy")):
            self._trade(step, side, "out_by", lots, identifier, order)
            self._move(identifier, step["symbol"], side, lots)

    def _move(self, identifier: str, symbol: str, side: str, lots: Decimal) -> None:
        signed = self.open.get(identifier, (symbol, D(0)))[1] + (lots if side == "buy" else -lots)
        self.open[identifier] = symbol, signed
        if not signed:
            del self.open[identifier]

    def _trade(
        self, step: dict[str, Any], side: str, entry: str, lots: Decimal, position: str | None, order: str
    ) -> None:
        start, point, digits = SYMBOLS[step["symbol"]]
        price = start + step["points"] * point
        self._deal(
            step, side, step["symbol"], entry=entry, volume=lots, price=price, position=position, order=order,
            digits=digits,
        )  # fmt: skip

    def _deal(self, step: dict[str, Any], kind: str, symbol: str, **more: Any) -> None:
        self._ticket += 1
        profit, commission, swap, fee = step["amounts"]
        day, second = divmod(self._time, 86_400)
        time = f"2026-11-{1 + day:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000+02:00"
        self.deals.append(
            DealRecord(
                str(self._ticket), symbol=symbol, type=kind, profit=profit, commission=commission,
                swap=swap, fee=fee, time=time, **more,
            )
        )  # fmt: skip


def streams(*, hedging: bool) -> st.SearchStrategy[list[DealRecord]]:
    """Lists of deals."""

    def made(steps: list[dict[str, Any]]) -> list[DealRecord]:
        stream = Stream(hedging=hedging)
        for step in steps:
            stream.go(step)
        return stream.deals

    return st.lists(STEPS, min_size=1, max_size=30).map(made)


def amended(deal: DealRecord, cents: Decimal) -> DealRecord:
    """The dealer's newer version of it: another price, other money."""
    price = None if deal.price is None else deal.price + D("0.01")
    return replace(deal, profit=cents, price=price, updated_at="2026-12-01T00:00:00.000+02:00")
