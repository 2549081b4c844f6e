"""The limits of risk: a table of what is measured, and how it is compared.

What a limit is compared with is stored with the decision, so that `broken` decides it again from the log
alone: from the limits of that number and these figures.

Only what adds risk is limited, and of what changes an order its price, what that makes of the notional value,
and how often.  What closes, cancels or
protects passes all limits.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from msgspec.structs import replace

from protocol.maths.masks import matches

from ..events.command import JudgedRisk, Reason
from ..limits import Limits, session_of
from . import measures
from .case import Case
from .measures import UNKNOWN, Figure, Look, Measure
from .moment import stored
from .reasons import reason, text
from .resolve import MODIFY

Comparison = Literal["above", "reached", "within", "outside", "masked", "closed"]


class Rule(NamedTuple):
    """One limit."""

    limit: str  # its name (oms/domain/limits.py)
    code: str
    measure: Measure
    passes: Comparison  # what the figure must not be
    says: str  # what the figure is
    changes: bool = False  # it holds for changes of orders, too
    field: str | None = None  # of the command, that is to blame


RULES: Final = (
    Rule("symbols", "risk_symbol", measures.symbol_path, "masked", "the symbol", field="symbol"),
    Rule("sides", "risk_side", measures.side, "outside", "the side", field="side"),
    Rule("actions", "risk_action", measures.action, "outside", "the action", changes=True, field="type"),
    Rule("trading_hours", "risk_hours", measures.server_clock, "closed", "the server's time"),
    Rule(
        "max_volume_per_order",
        *("risk_order_volume", measures.order_volume, "above", "the order's volume"),
        field="volume",
    ),
    Rule(
        "max_volume_per_symbol",
        *("risk_symbol_volume", measures.symbol_volume, "above", "the volume to this side of the symbol"),
        field="volume",
    ),
    Rule(
        "max_volume_per_account",
        *("risk_account_volume", measures.account_volume, "above", "the volume of all symbols"),
        field="volume",
    ),
    Rule(
        "max_gross_exposure",
        *("risk_gross_exposure", measures.gross_exposure, "above", "the gross exposure"),
        field="volume",
    ),
    Rule(
        "max_net_exposure",
        *("risk_net_exposure", measures.net_exposure, "above", "the net exposure"),
        field="volume",
    ),
    Rule(
        "max_notional",
        *("risk_notional", measures.notional, "above", "the notional value"),
        changes=True,
        field="volume",
    ),
    Rule("max_orders", "risk_orders", measures.pending_orders, "above", "the number of pending orders"),
    Rule("max_positions", "risk_positions", measures.open_positions, "above", "the number of positions"),
    Rule(
        "max_orders_per_second",
        *("risk_rate_second", measures.orders_in_second, "above", "the number of orders in a second"),
        changes=True,
    ),
    Rule(
        "max_orders_per_minute",
        *("risk_rate_minute", measures.orders_in_minute, "above", "the number of orders in a minute"),
        changes=True,
    ),
    Rule(
        "duplicate_window",
        *("risk_duplicate", measures.duplicate_age, "within", "seconds since the same order"),
    ),
    Rule(
        "price_collar_points",
        *("risk_collar", measures.collar_points, "above", "points between the price and the market"),
        changes=True,
        field="price",
    ),
    Rule(
        "price_collar_percent",
        *("risk_collar", measures.collar_percent, "above", "percent between the price and the market"),
        changes=True,
        field="price",
    ),
    Rule("max_daily_loss", "risk_daily_loss", measures.daily_loss, "reached", "the day's loss"),
    Rule("max_drawdown", "risk_drawdown", measures.drawdown, "reached", "the drawdown"),
    Rule(
        "max_drawdown_percent",
        *("risk_drawdown", measures.drawdown_percent, "reached", "the drawdown in percent"),
    ),
)
RULES_BY_LIMIT: Final = {rule.limit: rule for rule in RULES}


def measured(case: Case) -> JudgedRisk:
    """The figures of every limit that the command meets, of the account and of its client."""
    risk = case.facts.risk
    found = stored(case.facts)
    intent = case.intent
    if intent is None or not _limited(case):
        return found
    of_account = _figures(risk.account, Look(case, intent, own=False))
    of_client = _figures(risk.client, Look(case, intent, own=True))
    asked = any(rule in of_account for rule in ("max_daily_loss", "max_drawdown", "max_drawdown_percent"))
    return replace(
        found,
        account=of_account,
        client=of_client,
        equity=risk.equity if asked else None,
        lot_values=dict(risk.lot_values),
        prices=dict(risk.prices),
    )


def beyond(case: Case, judged: JudgedRisk) -> Iterator[Reason]:
    """The limits that the figures pass; where the limits cannot be read nothing that adds risk goes."""
    risk = case.facts.risk
    if risk.unreadable and _limited(case):
        yield reason("risk_unreadable", f"the limits cannot be read: {risk.unreadable}")
    for limits, figures, whose in (
        (risk.account, judged.account, ""),
        (risk.client, judged.client, f" of {case.facts.client}"),
    ):
        for name in broken(limits, figures) if limits is not None else ():
            yield _told(case, RULES_BY_LIMIT[name], figures[name], getattr(limits, name), whose)


def broken(limits: Limits, figures: Mapping[str, str]) -> Iterator[str]:
    """The names of the limits that these figures pass: all that there is to a decision about risk."""
    for name, figure in figures.items():
        limit, rule = getattr(limits, name, None), RULES_BY_LIMIT.get(name)
        if limit is not None and rule is not None and (figure == UNKNOWN or passed(rule, figure, limit)):
            yield name


def passed(rule: Rule, figure: str, limit: Any) -> bool:
    """Whether a figure is beyond its limit."""
    return _PASSED[rule.passes](figure, limit)


def _limited(case: Case) -> bool:
    changes_order = case.need == "change" and case.intent is not None and case.intent.action == MODIFY
    return case.need == "risk" or changes_order


def _figures(limits: Limits | None, look: Look) -> dict[str, str]:
    if limits is None:
        return {}
    found: dict[str, str] = {}
    for rule in RULES:
        if getattr(limits, rule.limit, None) is None or (look.case.need != "risk" and not rule.changes):
            continue
        figure = rule.measure(look)
        if figure is not None:
            found[rule.limit] = text(figure) or ""
    return found


def _told(case: Case, rule: Rule, figure: str, limit: Any, whose: str) -> Reason:
    field = case.field(rule.field) if rule.field else None
    most = limit if isinstance(limit, Decimal) else ", ".join(limit)
    if figure == UNKNOWN:
        message = f"{rule.says} is not known, and {rule.limit}{whose} is limited"
        return reason("risk_unknown", message, field=field, limit=rule.limit)
    shown = f"{most:f}" if isinstance(most, Decimal) else most or "nothing"
    message = f"{rule.says} is {figure}, and {rule.limit}{whose} is {shown}"
    return reason(rule.code, message, field=field, given=figure, limit=most)


def _listed(masks: tuple[str, ...], path: str) -> bool:
    """Whether a symbol is among masks; by its name or its path, and one behind `!` decides against it."""
    names = (path, path.rpartition("\\")[2])

    def fits(mask: str) -> bool:
        return any(matches(mask, name) for name in names)

    if any(mask.startswith("!") and fits(mask[1:]) for mask in masks):
        return False
    return any(not mask.startswith("!") and fits(mask) for mask in masks)


def _open(hours: tuple[str, ...], wall: str) -> bool:
    at = datetime.fromisoformat(wall)
    day, minute = at.isoweekday() % 7, at.hour * 60 + at.minute
    sessions = [one for one in map(session_of, hours) if one is not None]
    return any(day in one.days and one.begin <= minute < one.end for one in sessions)


_PASSED: Final[dict[Comparison, Callable[[str, Any], bool]]] = {
    "above": lambda figure, limit: Decimal(figure) > limit,
    "reached": lambda figure, limit: Decimal(figure) >= limit,
    "within": lambda figure, limit: Decimal(figure) < limit,
    "outside": lambda figure, limit: figure not in limit,
    "masked": lambda figure, limit: not _listed(limit, figure),
    "closed": lambda figure, limit: not _open(limit, figure),
}

__all__ = ["RULES", "Figure", "Rule", "beyond", "broken", "measured", "passed"]
