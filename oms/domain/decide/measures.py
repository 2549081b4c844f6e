"""What limits are compared with: a function for each, from a case to the figure that its limit is about.

A figure is a decimal, or a word.  None: the limit has nothing to say of this command.  UNKNOWN: it has, and
what it needs is not there, which denies the command.  A measure counts the command as carried out, and what
is on its way or unknown the worse way.
"""

from collections.abc import Callable
from decimal import ROUND_UP, Decimal
from functools import cached_property
from typing import Final

from ..commands import Modify, Submit
from ..intent import Intent
from ..limits import WINDOW_S
from ..records import SymbolRecord
from ..times import utc_ns
from ..values import EXACT, ZERO, tidy
from ..words import BUY
from .case import Case
from .facts import Sent
from .naming import nets
from .points import point_of
from .resolve import MODIFY, PENDING, side_of
from .stakes import Stake, include, pending_count, position_count, stakes, trades

UNKNOWN: Final = "unknown"
SECOND_MS: Final = 1000
_WALL: Final = 19  # letters of a server time down to its seconds
_PERCENT: Final = Decimal(100)
_PLACES: Final = 4  # of a percentage, rounded up: the worse way

Figure = Decimal | str


class Look:
    """A case as the limits of one see it: of the account, or of the command's client alone (`own`)."""

    def __init__(self, case: Case, intent: Intent, *, own: bool) -> None:
        self.case, self.intent, self.own = case, intent, own
        self.facts, self.risk = case.facts, case.facts.risk

    @cached_property
    def before(self) -> dict[str, Stake]:
        """The lots at stake without the order."""
        return stakes(self.facts, own=self.own)

    @cached_property
    def after(self) -> dict[str, Stake]:
        """With it."""
        found = stakes(self.facts, own=self.own)
        include(found, self.intent, netting=nets(self.facts))
        return found

    @cached_property
    def sent(self) -> list[tuple[int, Sent]]:
        """What was sent of late, with its age in milliseconds; one of the future is of now."""
        now_ms = utc_ns(self.facts.server_now) // 1_000_000
        return [
            (max(0, now_ms - one.at_ms), one)
            for one in self.risk.sent
            if not self.own or one.client == self.facts.client
        ]


Measure = Callable[[Look], Figure | None]


# How much.


def order_volume(look: Look) -> Figure | None:
    """Lots of the order."""
    return look.intent.volume


def symbol_volume(look: Look) -> Figure | None:
    """Lots to the order's side of its symbol."""
    stake = look.after[look.intent.symbol]
    return stake.most_long if side_of(look.intent.type) == BUY else stake.most_short


def account_volume(look: Look) -> Figure | None:
    """Lots to the larger side of each symbol."""
    return sum((max(one.most_long, one.most_short) for one in look.after.values()), ZERO)


def gross_exposure(look: Look) -> Figure | None:
    """Lots of both sides."""
    return sum((one.gross for one in look.after.values()), ZERO)


def net_exposure(look: Look) -> Figure | None:
    """Lots that one side is more than the other; None where the order makes no symbol's any larger."""

    def net(found: dict[str, Stake]) -> Decimal:
        return sum((max(one.net_long, one.net_short) for one in found.values()), ZERO)

    after = net(look.after)
    return after if after > net(look.before) else None


def notional(look: Look) -> Figure | None:
    """What the gross exposure is worth: each symbol at the highest price that it may be had at.

    None for a change of an order that makes it no larger.
    """
    if look.intent.action == MODIFY and look.after == look.before:
        return None
    after = _worth(look, look.after)
    if look.intent.action == MODIFY and isinstance(after, Decimal) and after == _worth(look, look.before):
        return None
    return after


def _worth(look: Look, found: dict[str, Stake]) -> Decimal | str:
    worth = ZERO
    for symbol, stake in found.items():
        if not stake.gross:
            continue
        value, market = look.risk.lot_values.get(symbol), look.risk.prices.get(symbol)
        if value is None or market is None:
            return UNKNOWN
        price = max(abs(market), stake.price)
        worth = EXACT.add(worth, EXACT.multiply(EXACT.multiply(stake.gross, value), price))
    account = look.facts.account
    digits = account.digits if account is not None else 2
    return tidy(worth.quantize(Decimal(1).scaleb(-digits), context=EXACT), digits)


# How many.


def pending_orders(look: Look) -> Figure | None:
    """Pending orders, of whatever symbol."""
    return Decimal(1 + pending_count(look.facts, own=look.own)) if look.intent.action == PENDING else None


def open_positions(look: Look) -> Figure | None:
    """Positions that are open, or that orders may open; in a netting account there is one for a symbol."""
    return Decimal(position_count(look.facts, look.intent.symbol, own=look.own))


def orders_in_second(look: Look) -> Figure | None:
    """Orders and changes sent within a second, with this one."""
    return _sent_within(look, SECOND_MS)


def orders_in_minute(look: Look) -> Figure | None:
    """Likewise, within a minute."""
    return _sent_within(look, WINDOW_S * SECOND_MS)


def _sent_within(look: Look, window_ms: int) -> Figure | None:
    if not (trades(look.intent) or look.intent.action == MODIFY):
        return None
    return Decimal(1 + sum(age < window_ms for age, _ in look.sent))


def duplicate_age(look: Look) -> Figure | None:
    """Seconds since the same client sent the same order last."""
    one, client = look.intent, look.facts.client
    same = (one.symbol, one.type, one.volume, one.price if one.action == PENDING else None)
    ages = [
        age
        for age, sent in look.sent
        if sent.client == client and (sent.symbol, sent.type, sent.volume, sent.price) == same
    ]
    return EXACT.divide(Decimal(min(ages)), Decimal(SECOND_MS)) if ages else None


# At which price, of what, when.


def collar_points(look: Look) -> Figure | None:
    """Points between the market and the price of a pending order, the further of its two."""
    symbol = look.case.symbol
    found = _off_market(look)
    if not isinstance(found, tuple) or symbol is None:
        return found if isinstance(found, str) else None
    return tidy(EXACT.divide(found[0], point_of(symbol)).quantize(Decimal("0.1"), context=EXACT))


def collar_percent(look: Look) -> Figure | None:
    """Likewise, in percent of the market's price."""
    found = _off_market(look)
    if not isinstance(found, tuple):
        return found
    off, market = found
    return _rate(off, market) if market else UNKNOWN


def _off_market(look: Look) -> tuple[Decimal, Decimal] | str | None:
    """How far the order's price is from the market, and the market's price."""
    verb, intent = look.case.verb, look.intent
    if intent.action not in (PENDING, MODIFY) or not _names_a_price(verb):
        return None
    market = look.case.ask if side_of(intent.type) == BUY else look.case.bid
    if market is None or not _live(look):
        return UNKNOWN
    return max(abs(one - market) for one in (intent.price, intent.limit_price) if one is not None), market


def _names_a_price(verb: object) -> bool:
    if isinstance(verb, Modify):
        return isinstance(verb.price, Decimal) or isinstance(verb.limit_price, Decimal)
    return isinstance(verb, Submit) and verb.price is not None


def _live(look: Look) -> bool:
    quote = look.facts.quote
    fresh = quote is not None and quote.age is not None and quote.age <= look.facts.policy.quote_age_s
    return fresh and quote is not None and not quote.delayed


def symbol_path(look: Look) -> Figure | None:
    """The symbol, with its path where it has one."""
    symbol: SymbolRecord | None = look.case.symbol
    return (symbol.path or symbol.symbol) if symbol is not None else UNKNOWN


def side(look: Look) -> Figure | None:
    """buy or sell."""
    return side_of(look.intent.type)


def action(look: Look) -> Figure | None:
    """The type of the order, or modify."""
    verb = look.case.verb
    return verb.type if isinstance(verb, Submit) else "modify"


def server_clock(look: Look) -> Figure | None:
    """The server's wall clock."""
    return look.facts.server_now[:_WALL]


# What was lost.


def daily_loss(look: Look) -> Figure | None:
    """Equity lost since the server's day began; below 0 it was won."""
    return _loss("max_daily_loss", look)


def drawdown(look: Look) -> Figure | None:
    """Equity lost since its peak."""
    return _loss("max_drawdown", look)


def drawdown_percent(look: Look) -> Figure | None:
    """Likewise, in percent of the peak."""
    return _loss("max_drawdown_percent", look)


def _loss(limit: str, look: Look) -> Figure:
    risk = look.risk
    found = loss_of(limit, risk.equity, risk.day_start, risk.peak)
    return UNKNOWN if found is None else found


def loss_of(
    limit: str, equity: Decimal | None, day_start: Decimal | None, peak: Decimal | None
) -> Decimal | None:
    """What a limit of losses is compared with; None where that is not known."""
    then = day_start if limit == "max_daily_loss" else peak
    if equity is None or then is None:
        return None
    if limit == "max_daily_loss":
        return then - equity
    lost = max(ZERO, then - equity)
    if limit == "max_drawdown":
        return lost
    return _rate(lost, then) if then > 0 else None


def _rate(part: Decimal, whole: Decimal) -> Decimal:
    percent = EXACT.divide(EXACT.multiply(part, _PERCENT), abs(whole))
    return tidy(percent.quantize(Decimal(1).scaleb(-_PLACES), rounding=ROUND_UP, context=EXACT))
