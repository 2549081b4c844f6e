"""What can be configured of the venue, as one TOML file (docs/rehearse.md).

Everything has a default: an empty file, or none, is the venue that `oms paper` starts without one.  Keys
that are not listed here are refused.  Paths are relative to the file.  Passwords and keys are in no repr.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec.structs import replace

from protocol.enums import MarginFreeMode, MarginMode, Rights, StopOutMode
from protocol.records.onboarding import Link
from protocol.records.symbols import SpreadGroup

from .behaviour import Behaviour
from .catalog import Instrument, currency_digits, default_instruments
from .faults import Fault
from .feed import Feed, RandomWalk
from .listing import Currency, Natural, Points, SymbolSettings, listed, wire_lots
from .manners import Manners
from .model import Account
from .otp import key_of
from .replay import CsvFeed
from .toml_text import SettingsError as SettingsError
from .toml_text import Strict, explained, read
from .vetting import objections
from .zone import MAX_SHIFT_S, Rule, Zone

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Login = Annotated[int, msgspec.Meta(ge=1, le=2**62)]  # those of accounts opened later are above it
Leverage = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]  # what command 28 has room for
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]
Speed = Annotated[float, msgspec.Meta(ge=0.001, le=1_000_000)]


class OverrideSettings(Strict, frozen=True):
    """What an account has otherwise for the symbols of a mask (docs/protocol.md 7.6)."""

    mask: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    trade_mode: Annotated[int, msgspec.Meta(ge=0, le=4)] | None = None
    trade_stops_level: Points | None = None
    trade_freeze_level: Points | None = None
    trade_exemode: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None
    trade_fill_flags: Annotated[int, msgspec.Meta(ge=0, le=7)] | None = None
    volume_min: Decimal | None = None
    volume_max: Decimal | None = None
    volume_step: Decimal | None = None
    volume_limit: Decimal | None = None
    swap_long: float | None = None
    swap_short: float | None = None

    def changes(self) -> dict[str, Any]:
        """What it sets in TradeSettings, as the wire has it; the mask is symbol_path."""
        given: dict[str, Any] = {"symbol_path": self.mask}
        for name in self.__struct_fields__[1:]:
            value = getattr(self, name)
            if value is not None:
                given[name] = wire_lots(name, value) if name.startswith("volume_") else value
        return given


class AccountSettings(Strict, frozen=True):
    """One `[[accounts]]` table."""

    login: Login
    password: Password = "paper"  # noqa: S105 - known to everybody
    investor_password: Password = "look"  # noqa: S105
    name: Annotated[str, msgspec.Meta(max_length=127)] = ""
    currency: Currency = "USD"
    digits: Annotated[int, msgspec.Meta(ge=0, le=8)] | None = None  # of its money; absent: as usual
    margin_mode: Literal["hedging", "netting"] = "hedging"
    leverage: Leverage = 100
    balance: Decimal | None = None  # first deposit; absent: 10 000, or 1 000 000 in a currency without cents
    credit: Decimal = Decimal(0)
    rights: tuple[Literal["trade_disabled", "investor", "read_only", "password_change"], ...] = ()
    margin_free_mode: Literal["none", "all", "profit", "loss"] = "all"
    stop_out_mode: Literal["percent", "money"] = "percent"
    stop_out_call: float = 100.0  # margin call at this level
    stop_out: float = 50.0
    commission_per_lot: Decimal = Decimal(0)  # in its own currency, on each side
    otp_secret: str = ""  # base 32; not empty: the login needs a one-time code
    overrides: tuple[OverrideSettings, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        super().__post_init__()
        if self.password == self.investor_password:
            raise ValueError("investor_password: must differ from the password")
        for field in ("balance", "credit"):
            value = getattr(self, field)
            if value is not None and value != round(value, self.money_digits):
                raise ValueError(f"{field}: {value} has more than {self.money_digits} digits")
        if self.otp_secret and key_of(self.otp_secret) is None:
            raise ValueError("otp_secret: is not base 32")
        if self.stop_out > self.stop_out_call:
            raise ValueError("stop_out: is above stop_out_call")

    @property
    def money_digits(self) -> int:
        """Digits of its money."""
        return currency_digits(self.currency) if self.digits is None else self.digits

    @property
    def deposit(self) -> Decimal:
        """What is paid in at the start."""
        if self.balance is not None:
            return self.balance
        return Decimal(10_000 if self.money_digits else 1_000_000)

    def account(self) -> Account:
        """The account before its first deal: balance and credit are still 0, because deals book them."""
        return Account(
            login=self.login,
            name=self.name or f"Paper {self.login}",
            currency=self.currency,
            digits=self.money_digits,
            margin_mode=(
                MarginMode.RETAIL_HEDGING if self.margin_mode == "hedging" else MarginMode.RETAIL_NETTING
            ),
            leverage=self.leverage,
            password=self.password,
            investor_password=self.investor_password,
            rights=sum(int(Rights[word.upper()]) for word in set(self.rights)),
            margin_free_mode=int(MarginFreeMode[self.margin_free_mode.upper()]),
            margin_so_mode=int(StopOutMode[self.stop_out_mode.upper()]),
            margin_so_call=self.stop_out_call,
            margin_so_so=self.stop_out,
            commission_per_lot=self.commission_per_lot,
            otp_secret=self.otp_secret,
        )


class ServerSettings(Strict, frozen=True):
    """`[server]`: where it listens and who it says it is."""

    host: str = "127.0.0.1"
    port: Port = 0  # 0 = a free one
    path: Annotated[str, msgspec.Meta(pattern="^/")] = "/terminal"
    certificate: str | None = None  # PEM files: with both it is wss://
    key: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=63)] = "Paper-Demo"
    company: Annotated[str, msgspec.Meta(max_length=127)] = "Paper venue"
    build: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 5687
    max_message: Annotated[int, msgspec.Meta(ge=1024)] = 1 << 20  # bytes that a client may send at once
    max_sessions: Annotated[int, msgspec.Meta(ge=1)] = 1000
    idle_timeout_s: Natural = 0.0  # 0 = none
    max_requests_per_second: Natural = 0.0  # of a session; 0 = no limit: 10024

    def __post_init__(self) -> None:
        """A certificate goes with its key."""
        super().__post_init__()
        if (self.certificate is None) != (self.key is None):
            missing = "certificate" if self.certificate is None else "key"
            raise ValueError(f"{missing}: certificate and key go together")


class ControlSettings(Strict, frozen=True):
    """`[control]`: the JSON-lines port of tests and `oms paper ctl`."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 0  # 0 = a free one


class ZoneSettings(Strict, frozen=True):
    """`[zone]`: the server's clock."""

    shift_s: Annotated[int, msgspec.Meta(ge=-MAX_SHIFT_S, le=MAX_SHIFT_S)] = 7200
    rule: Rule = "eu"

    def zone(self) -> Zone:
        """The zone."""
        return Zone(self.shift_s, self.rule)


class FeedSettings(Strict, frozen=True):
    """`[feed]`: where prices come from."""

    kind: Literal["walk", "csv"] = "walk"
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 1.0  # times the symbols' ticks_per_second
    speed: Speed | Literal["max"] = 1.0  # of a replay
    verify: bool = True  # read the files in full at the start
    files: dict[str, str] = {}  # symbol = file of ticks
    push_ms: Milliseconds = 20  # ticks of so long go into one push
    ticks_per_push: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000  # at most

    def __post_init__(self) -> None:
        """Files belong to a replay."""
        super().__post_init__()
        if (self.kind == "csv") != bool(self.files):
            raise ValueError('files: kind = "csv" and files go together')


class DemoSettings(Strict, frozen=True):
    """`[demo]`: accounts that clients open for themselves."""

    enabled: bool = True
    first_login: Login = 2001
    currency: Currency = "USD"
    margin_mode: Literal["hedging", "netting"] = "hedging"
    leverage: Leverage = 100
    balance: Decimal = Decimal(10_000)


DEFAULT_ACCOUNTS: Final = (
    AccountSettings(login=1001),
    AccountSettings(login=1002, margin_mode="netting"),
    AccountSettings(login=1003, currency="EUR"),
    AccountSettings(login=1004, currency="JPY", margin_mode="netting"),
)


class Settings(Strict, frozen=True):
    """The whole file."""

    seed: int = 1  # of prices, faults and keys
    state: str | None = None  # file that keeps the venue's state
    record: str | None = None  # file that gets every message
    server: ServerSettings = ServerSettings()
    control: ControlSettings = ControlSettings()
    zone: ZoneSettings = ZoneSettings()
    feed: FeedSettings = FeedSettings()
    demo: DemoSettings = DemoSettings()
    protocol: Manners = Manners()  # how the gateway speaks where docs/protocol.md 10 is open
    trading: Behaviour = Behaviour()  # how the venue trades where there is a choice
    accounts: tuple[AccountSettings, ...] = DEFAULT_ACCOUNTS
    default_symbols: bool = True  # false: only those of [[symbols]] and what they are like
    symbols: tuple[SymbolSettings, ...] = ()
    spreads: tuple[SpreadGroup, ...] = ()
    links: tuple[Link, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Accounts have a login each."""
        super().__post_init__()
        seen: set[int] = set()
        for index, one in enumerate(self.accounts):
            if one.login in seen:
                raise ValueError(f"accounts.{index}.login: {one.login} is there already")
            seen.add(one.login)
        if not self.accounts:
            raise ValueError("accounts: there must be one")
        waits = self.trading.dealer_delay_ms or self.trading.dealer_jitter_ms
        if waits and not self.protocol.told.startswith("12"):
            raise ValueError("protocol.told: with a dealer's delay the answer 12 comes first")

    def instruments(self) -> tuple[Instrument, ...]:
        """All symbols; raises ValueError("field: what") for changes that make no sense."""
        everything = listed(default_instruments(), self.symbols)
        if self.default_symbols:
            return everything
        named = {change.name for change in self.symbols}
        chosen = [one for one in everything if one.spec.trade_symbol in named]
        if not chosen:
            raise ValueError("default_symbols: without them [[symbols]] must name some")
        return tuple(
            replace(one, spec=replace(one.spec, symbol_id=number)) for number, one in enumerate(chosen, 1)
        )

    def make_feed(self, instruments: tuple[Instrument, ...], start_utc_ms: int, zone: Zone) -> Feed:
        """The feed; raises CsvError for a bad file."""
        if self.feed.kind == "walk":
            return RandomWalk(instruments, self.seed, start_utc_ms, self.feed.rate, zone=zone)
        return CsvFeed(
            {symbol: Path(file) for symbol, file in self.feed.files.items()},
            start_utc_ms,
            0.0 if self.feed.speed == "max" else self.feed.speed,
            specs={one.spec.trade_symbol: one.spec for one in instruments},
            verify=self.feed.verify,
        )


def default() -> Settings:
    """What holds without a file."""
    return Settings()


def load(path: Path) -> Settings:
    """The settings of a file, its paths made absolute; raises SettingsError."""
    document = read(path)
    settings = document.convert(Settings)
    try:
        instruments = settings.instruments()
    except ValueError as why:
        raise document.wrong(*explained(str(why))) from None
    for key, message in objections(settings, {one.spec.trade_symbol: one for one in instruments}):
        raise document.wrong(key, message)
    settings = _absolute(settings, path.resolve().parent)
    needed: list[tuple[tuple[str, ...], str | None]] = [
        (("server", "certificate"), settings.server.certificate),
        (("server", "key"), settings.server.key),
        *((("feed", "files", symbol), file) for symbol, file in settings.feed.files.items()),
    ]
    for key, file in needed:
        if file is not None and not Path(file).is_file():
            raise document.wrong(key, f"there is no file {file}")
    return settings


def _absolute(settings: Settings, folder: Path) -> Settings:
    def found(file: str | None) -> str | None:
        return None if file is None else str(folder / file)

    server, feed = settings.server, settings.feed
    return replace(
        settings,
        state=found(settings.state),
        record=found(settings.record),
        server=replace(server, certificate=found(server.certificate), key=found(server.key)),
        feed=replace(feed, files={symbol: str(folder / file) for symbol, file in feed.files.items()}),
    )
