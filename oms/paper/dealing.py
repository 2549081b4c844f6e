"""Deals that clients ask for, in the four execution modes (docs/protocol.md 6.5).

Request and instant execution trade at a price that the client names: one that was offered, or the present
one within the deviation.  Market and exchange execution trade at what the market gives.
"""

from protocol.enums import Filling, Retcode, Side, TradeAction
from protocol.records.trade import Order

from .answers import Asked, tell
from .execution import Done, Parts, cancel, parts, run, total
from .floor import Floor, points, side_of
from .model import Account
from .money import exact, rounded
from .offers import Offers
from .orders import requested


class Dealer:
    """Takes requests that passed the rules; remembers what prices he gave."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.offers = Offers()
        self.requotes_due = 0  # of the next instant deals, ordered by the control port

    def prices(self, asked: Asked) -> None:
        """Action 0: 19 with 10005 and prices that action 1 may use."""
        terms = self.floor.terms(asked.login)[asked.request.trade_symbol].trade
        self.offers.give(self.floor, asked, terms.trade_request_timeout)
        tell(self.floor, asked, Retcode.PRICES, volume=asked.request.trade_volume)

    def deal(self, account: Account, asked: Asked) -> None:
        """Actions 1 to 4."""
        match asked.request.trade_action:
            case TradeAction.DEAL_REQUEST:
                self._at_offer(account, asked)
            case TradeAction.DEAL_INSTANT:
                self._at_once(account, asked)
            case _:
                self._at_market(account, asked)

    def _at_offer(self, account: Account, asked: Asked) -> None:
        """At the price offered; any other, or one too late, has changed (10020 carries the new ones)."""
        if self.offers.holds(self.floor, asked, side_of(asked.request.trade_type)):
            self._named(account, asked, asked.request.price_order)
        else:
            tell(self.floor, asked, Retcode.PRICE_CHANGED)

    def _at_once(self, account: Account, asked: Asked) -> None:
        """At a requoted price, or at the present one when the named one is within the deviation of it."""
        request, side = asked.request, side_of(asked.request.trade_type)
        if self.offers.holds(self.floor, asked, side):
            self._named(account, asked, request.price_order)
            return
        market = self.floor.market(request.trade_symbol, side)
        spec = self.floor.terms(asked.login)[request.trade_symbol]
        near = exact(spec.point) * request.price_deviation
        if abs(exact(request.price_order) - exact(market)) > near or self._moody():
            self.offers.give(self.floor, asked, spec.trade.trade_instant_timeout)
            tell(self.floor, asked, Retcode.REQUOTE)
        else:
            self._named(account, asked, market)

    def _moody(self) -> bool:
        """Whether a good price is requoted all the same: by order, or by chance."""
        if self.requotes_due:
            self.requotes_due -= 1
            return True
        chance = self.floor.behaviour.requote_chance
        return chance > 0 and self.floor.random.random() < chance

    def _named(self, account: Account, asked: Asked, price: float) -> None:
        order = self._opened(account, asked, price)
        self._finish(asked, run(self.floor, account, order, [(price, order.volume_current)]))

    def _at_market(self, account: Account, asked: Asked) -> None:
        request = asked.request
        market = self.floor.market(request.trade_symbol, side_of(request.trade_type))
        order = self._opened(account, asked, market)
        found = self._slipped(account, order, parts(self.floor, account, order))
        filling = order.type_filling
        if filling == Filling.BOC or (filling == Filling.FOK and total(found) < order.volume_current):
            found = []
        done = run(self.floor, account, order, found)
        if not done.complete and filling != Filling.RETURN:
            done = cancel(self.floor, account, done)
        self._finish(asked, done)

    def _opened(self, account: Account, asked: Asked, price: float) -> Order:
        ticket = self.floor.tickets.order()
        order = requested(self.floor, account, asked.request, price, ticket)
        self.floor.order_opened(account, order)
        return order

    def _slipped(self, account: Account, order: Order, found: Parts) -> Parts:
        """Prices moved against the trader by chance, as far as the switch allows; exchanges do not slip."""
        most = self.floor.behaviour.slippage_points
        spec = self.floor.terms(account.login)[order.trade_symbol]
        if not most or spec.trade.trade_exemode == 3:
            return found
        side = side_of(order.order_type)
        shift = exact(points(spec, self.floor.random.randint(0, most)))
        sign = 1 if side == Side.BUY else -1
        return [(float(rounded(exact(at) + sign * shift, spec.digits)), size) for at, size in found]

    def _finish(self, asked: Asked, done: Done) -> None:
        """19: done, partially done with what was done, canceled where nothing was, placed where it waits."""
        if done.complete:
            code = Retcode.DONE
        elif done.volume:
            code = Retcode.DONE_PARTIAL
        else:
            resting = done.order.type_filling == Filling.RETURN
            code = Retcode.PLACED if resting else Retcode.CANCEL
        tell(self.floor, asked, code, order=done.order, deal=done.deal, volume=done.volume, price=done.price)
