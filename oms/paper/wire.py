"""The venue's state as the wire carries it: account bodies, ticks, statistics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from protocol.account_body import Account as AccountBody
from protocol.records.account import AccountMain, LeverageRule, TradeSettings
from protocol.records.market import TICK, Statistics
from protocol.records.onboarding import Link
from protocol.records.symbols import FullSymbol, SpreadGroup

from .feed import Tick
from .manners import Manners
from .model import Account, Moment
from .terms import NO_OVERRIDE, U64
from .zone import Zone

DEMO: Final = 1
STOP_OUT_WITHOUT_MARGIN: Final = 128  # of trade_flags (docs/protocol.md 4.2)


class Face(NamedTuple):
    """What the broker shows of itself: the same for every account, but for the overrides by login."""

    manners: Manners
    server_name: str = "Paper-Demo"
    company: str = "Paper venue"
    build: int = 5687
    stop_out_without_margin: bool = False
    rules: tuple[LeverageRule, ...] = ()
    overrides: Mapping[int, list[TradeSettings]] = {}
    spreads: tuple[SpreadGroup, ...] = ()
    links: tuple[Link, ...] = ()


def account_body(
    account: Account, moment: Moment, zone: Zone, face: Face, *, symbols_count: int
) -> AccountBody:
    """The body of answer 3 and push 14 (docs/protocol.md 4.2).

    Without overrides of its own an account has one that overrides nothing, or by a switch none at all; then
    there is no room for trade_flags.
    """
    overrides = face.overrides.get(account.login, [])
    if not overrides and face.manners.overrides == "one":
        overrides = [NO_OVERRIDE]
    flags = STOP_OUT_WITHOUT_MARGIN if face.stop_out_without_margin and overrides else 0
    main = AccountMain(
        account_type=DEMO,
        rights=account.rights,
        permissions_flags=face.manners.permissions_flags,
        balance=float(account.balance),
        credit=float(account.credit),
        account_currency=account.currency,
        currency_digits=account.digits,
        margin_leverage=account.leverage,
        account_name=account.name,
        server_build=face.build,
        server_name=face.server_name,
        company=face.company,
        timezone_shift=zone.shift_s,
        daylightmode=zone.daylight(moment.utc_ms),
        margin_mode=account.margin_mode,
        margin_free_mode=account.margin_free_mode,
        margin_so_call=account.margin_so_call,
        margin_so_so=account.margin_so_so,
        margin_so_mode=account.margin_so_mode,
        commission_daily=float(account.commission_daily),
        auth_password_min=8,
        otp_status=1 if account.otp_secret else 0,
    )
    return AccountBody(
        main=main,
        trade_settings=overrides,
        trade_flags=flags,
        symbols_count=symbols_count,
        leverage_flags=0,
        leverage_rules=list(face.rules),
        commissions=[],
    )


SCALES: Final = tuple(10.0**digits for digits in range(9))
_PACK_TICK: Final = TICK.struct.pack


def tick_row(tick: Tick, spec: FullSymbol, server_ms: int) -> bytes:
    """A tick as push 8 carries it (docs/protocol.md 5.1)."""
    _, _, bid, ask, last, volume = tick
    scale = SCALES[spec.digits] if spec.digits < 8 else SCALES[8]
    fields = 3 | (4 if last else 0) | (8 if volume else 0)
    # Whole numbers: the layout makes doubles of them.
    prices = round(bid * scale), round(ask * scale), round(last * scale) if last else 0
    return _PACK_TICK(spec.symbol_id, server_ms // 1000, fields, *prices, volume, server_ms % 1000, 0)


@dataclass(slots=True)
class Day:
    """What statistics are made of: the day of one symbol, in server time."""

    number: int = -1  # days since 1970
    bid_open: float = 0.0
    bid_close: float = 0.0  # of the day before
    bid_high: float = 0.0
    bid_low: float = 0.0
    ask_high: float = 0.0
    ask_low: float = 0.0
    last_high: float = 0.0
    last_low: float = 0.0
    deals: int = 0
    volume: int = 0
    tick: Tick | None = None
    server_ms: int = 0

    def add(self, tick: Tick, server_ms: int) -> None:
        """Count one tick."""
        number = server_ms // 86_400_000
        if number != self.number:
            self.bid_close = self.tick.bid if self.tick else tick.bid
            self.number, self.bid_open = number, tick.bid
            self.bid_high = self.bid_low = tick.bid
            self.ask_high = self.ask_low = tick.ask
            self.last_high = self.last_low = tick.last
            self.deals = self.volume = 0
        _, _, bid, ask, last, volume = tick  # comparisons: max and min cost three times as much on every tick
        if bid > self.bid_high:
            self.bid_high = bid
        elif bid < self.bid_low:
            self.bid_low = bid
        if ask > self.ask_high:
            self.ask_high = ask
        elif ask < self.ask_low:
            self.ask_low = ask
        if last:
            self._add_last(last, volume)
        self.tick, self.server_ms = tick, server_ms

    def _add_last(self, last: float, volume: int) -> None:
        self.last_high = max(self.last_high, last)
        self.last_low = min(self.last_low or last, last)
        self.deals += volume > 0
        self.volume += volume


_BID = 0b111
_ASK = 0b111 << 3
_LAST = 0b111 << 6
_VOLUME = 1 << 9 | 1 << 16 | 1 << 17
_DAY = 1 << 20 | 1 << 21 | 1 << 23


def statistics(days: Mapping[str, Day], specs: Iterable[FullSymbol]) -> list[Statistics]:
    """The statistics of these symbols, consistent with their ticks (docs/protocol.md 5.2)."""
    return [_statistics(day, spec) for spec in specs if (day := days.get(spec.trade_symbol)) and day.tick]


def _statistics(day: Day, spec: FullSymbol) -> Statistics:
    tick = day.tick or Tick(spec.trade_symbol, 0, 0.0, 0.0, 0.0, 0)
    scale = 10 ** min(spec.digits, 8)

    def scaled(price: float) -> float:
        return float(round(price * scale))

    change = (tick.bid - day.bid_close) / day.bid_close * 100 if day.bid_close else 0.0
    return Statistics(
        symbol_id=spec.symbol_id,
        fields=_BID | _ASK | _DAY | (_LAST | _VOLUME if tick.last else 0),
        lasttime=day.server_ms // 1000,
        lasttime_msc=day.server_ms % 1000,
        digits=spec.digits,
        bid_last=scaled(tick.bid),
        bid_high=scaled(day.bid_high),
        bid_low=scaled(day.bid_low),
        ask_last=scaled(tick.ask),
        ask_high=scaled(day.ask_high),
        ask_low=scaled(day.ask_low),
        last_last=scaled(tick.last),
        last_high=scaled(day.last_high),
        last_low=scaled(day.last_low),
        vol_last=tick.volume,
        trade_deals=day.deals,
        trade_volume=min(day.volume, U64),
        price_open=scaled(day.bid_open),
        price_close=scaled(day.bid_close),
        price_change=float(round(change * 100)),
    )
