"""What tables show of the daemon's replies: which fields, in which order, how they look."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from rich.text import Text

from oms.cli.printing import BAD, GOOD, POOR, Column, plain
from oms.cli.statuses import UNDER_WAY, UNKNOWN, WORKED

STATES: Final = {
    "ready": GOOD,
    "active": GOOD,
    "connecting": POOR,
    "reconciling": POOR,
    "reducing": POOR,
    "read_only": POOR,
}


def signed(value: Any) -> Text:
    """Money that may be a loss."""
    text = plain(value)
    lost, nothing = text.startswith("-"), not text.strip("-0.")
    return Text(text, "" if nothing else BAD if lost else GOOD)


def standing(value: Any) -> Text:
    """The state of an account, or a part of it."""
    return Text(plain(value), STATES.get(value, BAD) if value else "")


def status(value: Any) -> Text:
    """The status of a command."""
    return Text(plain(value), GOOD if value in WORKED else POOR if value in {*UNDER_WAY, UNKNOWN} else BAD)


def codes(value: Any) -> str:
    """Reasons, by their codes."""
    return plain(", ".join(str(one.get("code")) for one in value if isinstance(one, Mapping)))


def listed(value: Any) -> str:
    """Several texts."""
    return plain(", ".join(map(str, value))) if isinstance(value, list) else ""


def clock(value: Any) -> str:
    """A moment of server time in ms, its date left out."""
    if not isinstance(value, int):
        return plain(value)
    try:
        return f"{datetime.fromtimestamp(value / 1000, UTC):%H:%M:%S.%f}"[:-3]
    except (ValueError, OverflowError, OSError):
        return str(value)


def seconds(value: Any) -> str:
    """A duration."""
    return f"{value:.1f} s" if isinstance(value, int | float) else plain(value)


def milliseconds(value: Any) -> str:
    """A duration, given in seconds."""
    return f"{value * 1000:.0f} ms" if isinstance(value, int | float) else plain(value)


def percent(value: Any) -> str:
    """A share of a hundred, to two decimals."""
    try:
        return f"{Decimal(str(value)):.2f} %"
    except ArithmeticError:  # what is no number is shown as it is
        return plain(value)


def counted(value: Any) -> str:
    """Counters by name."""
    return (
        " ".join(f"{plain(name)}={count}" for name, count in value.items()) if isinstance(value, dict) else ""
    )


def opened(value: Any) -> str:
    """Breakers that are not closed, by their classes."""
    shut = value.items() if isinstance(value, dict) else ()
    states = {name: one.get("state") for name, one in shut if isinstance(one, Mapping)}
    return " ".join(f"{plain(name)}={plain(state)}" for name, state in states.items() if state != "closed")


def short(value: Any) -> str:
    """A time of RFC 3339 to the second."""
    return plain(value)[:19].replace("T", " ")


class Field(NamedTuple):
    """A field of a row, by its path."""

    path: str
    title: str = ""  # else the path
    number: bool = False
    cut: bool = False
    look: Callable[[Any], object] = plain

    @property
    def column(self) -> Column:
        """Its column."""
        return Column(self.title or self.path, self.number, self.cut)

    def cell(self, row: Mapping[str, Any]) -> object:
        """What stands in a row there; nothing where the daemon does not tell it."""
        value: Any = row
        for step in self.path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return "" if value is None else self.look(value)


def _number(path: str, title: str = "", look: Callable[[Any], object] = plain) -> Field:
    return Field(path, title, number=True, look=look)


ACCOUNT: Final = Field("account")
ORDERS: Final = (
    ACCOUNT,
    Field("order"),
    Field("symbol"),
    Field("type"),
    Field("state"),
    _number("volume"),
    _number("filled"),
    _number("remaining"),
    _number("price"),
    _number("sl"),
    _number("tp"),
    Field("time_in_force", "in force"),
    Field("setup_at", "placed", look=short),
    Field("comment", cut=True),
)
POSITIONS: Final = (
    ACCOUNT,
    Field("position"),
    Field("symbol"),
    Field("side"),
    _number("volume"),
    _number("price"),
    _number("sl"),
    _number("tp"),
    _number("price_current", "now"),
    _number("swap", look=signed),
    _number("profit", look=signed),
    Field("opened_at", "opened", look=short),
    Field("comment", cut=True),
)
ACCOUNTS: Final = (
    ACCOUNT,
    Field("login"),
    Field("server"),
    Field("currency"),
    Field("margin_mode", "margin mode"),
    _number("leverage"),
    _number("balance"),
    _number("credit"),
    _number("floating", look=signed),
    _number("equity"),
    _number("margin"),
    _number("margin_free", "free", signed),
    _number("margin_level", "level", percent),
    Field("state", look=standing),
)
RISK: Final = (
    ACCOUNT,
    Field("permission", look=standing),
    _number("equity"),
    _number("day_start", "day start"),
    _number("peak"),
    _number("usage.max_daily_loss", "day's loss"),
    _number("usage.max_drawdown", "drawdown"),
    _number("usage.max_gross_exposure", "gross"),
    _number("usage.max_net_exposure", "net"),
    _number("usage.max_orders", "orders"),
    _number("usage.max_positions", "positions"),
)
LIMITED: Final = (ACCOUNT, Field("client"), Field("limit"), Field("value", cut=True))
TOTALS: Final = (
    ACCOUNT,
    Field("currency"),
    _number("floating.profit", "floating", signed),
    _number("floating.swap", "swap", signed),
    _number("floating.total", "total", signed),
    _number("realised.trades", "trades"),
    _number("realised.gross", "gross", signed),
    _number("realised.commission", "commission", signed),
    _number("realised.fee", "fee", signed),
    _number("realised.swap", "swap booked", signed),
    _number("realised.net", "net", signed),
)
STATEMENTS: Final = (
    ACCOUNT,
    Field("currency"),
    Field("from"),
    Field("to"),
    _number("opening.balance", "opening"),
    _number("paid_in", "paid in"),
    _number("paid_out", "paid out"),
    _number("trading.net", "trading", signed),
    _number("other.balance", "other", signed),
    _number("corrected.balance", "corrected", signed),
    _number("closing.balance", "closing"),
    _number("closing.credit", "credit"),
)
BOOKED: Final = (
    ACCOUNT,
    Field("type"),
    _number("deals"),
    _number("volume"),
    _number("profit", look=signed),
    _number("commission", look=signed),
    _number("swap", look=signed),
    _number("fee", look=signed),
    _number("net", look=signed),
)
DAYS: Final = (
    ACCOUNT,
    Field("day"),
    _number("opening.balance", "opening"),
    _number("closing.balance", "closing"),
    _number("closing.credit", "credit"),
)
WORTH: Final = (
    ACCOUNT,
    Field("position"),
    Field("symbol"),
    Field("side"),
    _number("volume"),
    _number("price"),
    _number("price_current", "now"),
    _number("profit", look=signed),
    _number("swap", look=signed),
    _number("commission", look=signed),
    Field("unvalued", "not known"),
)
QUOTES: Final = (
    ACCOUNT,
    Field("symbol"),
    _number("bid"),
    _number("ask"),
    _number("last"),
    _number("volume"),
    Field("time", "server time", look=clock),
    _number("age", look=seconds),
    Field("delayed"),
)
SESSIONS: Final = (
    ACCOUNT,
    Field("state", look=standing),
    Field("link", look=standing),
    Field("permission", look=standing),
    Field("connected"),
    Field("authenticated", "logged in"),
    Field("feed_live", "feed"),
    Field("degraded"),
    Field("breakers", look=opened),
    _number("round_trip", "round trip", milliseconds),
    _number("reconnects"),
    _number("subscribed", "symbols"),
    Field("drift", look=counted, cut=True),
    Field("reason", cut=True),
    Field("last_error", "last error", cut=True),
)
COMMANDS: Final = (
    ACCOUNT,
    Field("command"),
    Field("client"),
    Field("verb"),
    Field("symbol"),
    Field("status", look=status),
    Field("final"),
    Field("order"),
    _number("volume"),
    _number("filled"),
    _number("price"),
    Field("reasons", look=codes, cut=True),
)
DOUBTED: Final = (
    *COMMANDS[:5],
    Field("order"),
    Field("position"),
    _number("volume"),
    Field("verdict"),
    Field("candidates", look=listed),
)
LISTED: Final = (ACCOUNT, Field("symbol"), _number("digits"), Field("path"), Field("description", cut=True))
SPECIFICATIONS: Final = (
    ACCOUNT,
    Field("symbol"),
    _number("digits"),
    _number("contract_size", "contract"),
    _number("volume_min", "least"),
    _number("volume_max", "most"),
    _number("volume_step", "step"),
    Field("trade_mode", "trade"),
    Field("execution"),
    Field("currency_profit", "profit"),
    Field("currency_margin", "margin"),
    _number("swap_long", "swap long"),
    _number("swap_short", "swap short"),
    _number("stops_level", "stops"),
    Field("description", cut=True),
)
