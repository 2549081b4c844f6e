"""The venue's latest word on leverage rules, margin rates and the day's money of one account, in memory only.

It is news of a moment: each answer 4 replaces all rates, and what is no longer open is forgotten with it.
"""

from collections.abc import Mapping
from typing import Final

from oms.projections.margin_inputs import MarginInputs
from oms.sessions import translate
from oms.sessions.translate import DayMoney
from protocol.account_body import Account
from protocol.maths.margin_input import LeverageRule
from protocol.messages import Push
from protocol.records.trade import OpenTrades

from .ear import TRANSACTIONS, Waiting

MOST: Final = 20_000  # rates of each kind; of more the oldest are forgotten, and figures say that they lack


class Margins:
    """What an account's session has told so far."""

    def __init__(self) -> None:
        self._rules: tuple[LeverageRule, ...] | None = None
        self._money = DayMoney()
        self._positions: dict[str, float] = {}
        self._orders: dict[str, float] = {}

    @property
    def inputs(self) -> MarginInputs:
        """For figures of this moment."""
        return MarginInputs(self._rules, *self._money, self._positions, self._orders)

    def account(self, body: Account) -> None:
        """An account body, answered or pushed: it replaces everything that it tells."""
        self._rules = translate.leverage_rules(body)
        self._money = translate.day_money(body.main)

    def open_trades(self, answer: OpenTrades) -> None:
        """Answer 4: these are open, and nothing else."""
        positions, orders = translate.open_rates(answer)
        self._positions, self._orders = {}, {}
        _change(self._positions, positions)
        _change(self._orders, orders)

    def hear(self, one: Waiting) -> None:
        """A push of trades; of anything else nothing."""
        if not isinstance(one, Push) or one.command != TRANSACTIONS:
            return
        for record in one.value:
            positions, orders = translate.changed_rates(record)
            _change(self._positions, positions)
            _change(self._orders, orders)
            self._money = translate.changed_money(record) or self._money


def _change(kept: dict[str, float], told: Mapping[str, float | None]) -> None:
    for ticket, rate in told.items():
        kept.pop(ticket, None)
        if rate is not None:
            kept[ticket] = rate
    while len(kept) > MOST:
        del kept[next(iter(kept))]
