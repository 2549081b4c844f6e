"""What an account comes to on this floor: its totals, and where it stands (docs/protocol.md 7.3)."""

from .floor import Floor
from .model import Account
from .totals import Terms, Totals, profits, stop_out, summed

WITHOUT_MARGIN = 128  # of trade_flags


def figures(floor: Floor, account: Account) -> Totals | None:
    """The totals of an account now; None while a quote or rate for one of its positions is missing."""
    margin = floor.margin(account)
    earned = profits(account, floor.terms(account.login), floor.prices, floor.rates)
    known = {key: value for key, value in earned.items() if value is not None}
    if margin is None or len(known) < len(earned):
        return None
    return summed(account, floor.terms(account.login), known, margin, _terms(floor))


def standing(floor: Floor, account: Account) -> int:
    """0, 1 margin call, 2 stop-out; 0 where the figures are not known."""
    totals = figures(floor, account)
    return stop_out(account, totals, _terms(floor)) if totals is not None else 0


def _terms(floor: Floor) -> Terms:
    return Terms(trade_flags=WITHOUT_MARGIN if floor.behaviour.stop_out_without_margin else 0)
