"""What each trade action does, once the rules let it pass (docs/protocol.md 6.3)."""

from collections.abc import Callable

from protocol.enums import TradeAction

from . import closing, pendings
from .answers import Asked
from .case import DEALS
from .dealing import Dealer
from .floor import Floor
from .model import Account

Action = Callable[[Floor, Account, Asked], None]

ACTIONS: dict[int, Action] = {
    TradeAction.PENDING: pendings.place,
    TradeAction.SLTP: closing.change_stops,
    TradeAction.MODIFY: pendings.modify,
    TradeAction.REMOVE: pendings.remove,
    TradeAction.CLOSE_BY: closing.close_by,
}


class Performer:
    """Carries requests out."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.dealer = Dealer(floor)

    def perform(self, account: Account, asked: Asked) -> None:
        """Do what is asked, with all its pushes; the request has passed `rules.refusal` just now."""
        action = asked.request.trade_action
        if action == TradeAction.REQUEST_PRICES:
            self.dealer.prices(asked)
        elif action in DEALS:
            self.dealer.deal(account, asked)
        else:
            ACTIONS[action](self.floor, account, asked)
