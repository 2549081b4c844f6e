"""A venue put together from its settings."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from protocol.records.account import TradeSettings

from .bars import Bars
from .catalog import Instrument
from .clock import Clock
from .control import Control
from .desk import Desk
from .faults import Faults
from .feed import Feed
from .keeping import Keeping
from .market import Market
from .model import Account, Moment
from .onboarding import Onboarding
from .passes import Passes
from .recording import Recorder
from .server import Server
from .settings import AccountSettings, Settings
from .state import State, StateError
from .terms import NO_OVERRIDE
from .venue import LedgerBroken, Venue
from .wire import Face
from .zone import Zone

# What an account in the file cannot be otherwise than in the settings.
NATURE = ("currency", "digits", "margin_mode")
# What the file knows better: the rest is as the settings have it now.
KEPT = ("password", "investor_password", "otp_secret", "rights", "balance", "credit", "commission_daily")


class Paper(NamedTuple):
    """A venue, ready to listen."""

    server: Server
    control: Control
    state: State | None
    recorder: Recorder | None

    def close(self) -> None:
        """Close its files."""
        self.server.keeping.close()
        if self.recorder is not None:
            self.recorder.close()


def assemble(settings: Settings, clock: Clock, *, feed: Feed | None = None) -> Paper:
    """The venue of these settings; `feed` goes in place of theirs.

    Raises StateError for its file, CsvError for ticks, RecordError for a record that cannot be written,
    ValueError for a fault that cannot happen.
    """
    state = State(Path(settings.state)) if settings.state is not None else None
    try:
        return _assembled(settings, clock, feed, state)
    except BaseException:
        if state is not None:
            state.close()
        raise


def _assembled(settings: Settings, clock: Clock, feed: Feed | None, state: State | None) -> Paper:
    instruments, zone = settings.instruments(), settings.zone.zone()
    start = clock.utc_ms()
    # A venue that starts again must not give out the keys and tickets of its last run once more.
    seed = f"{settings.seed} {state.known.starts if state else 1}"
    venue = _venue(settings, instruments, zone, zone.moment(start), state, seed)
    faults = Faults(settings.faults, seed)
    draw = Random(f"desk {seed}")  # noqa: S311 - reproducible on purpose
    bars = Bars(instruments, settings.seed, zone.moment(start).seconds)
    desk = Desk(
        venue,
        zone,
        bars.rates,
        _face(settings),
        Passes(draw, state.known.passes if state else ()),
        Onboarding(venue, settings.demo, draw),
        random=draw,
        sessions=state.known.sessions if state else 0,
    )
    recorder = Recorder(Path(settings.record), clock.utc_ms) if settings.record is not None else None
    server = Server(
        venue,
        desk,
        Market(instruments, settings.protocol, settings.feed.ticks_per_push),
        bars,
        feed or settings.make_feed(instruments, start, zone),
        zone,
        faults,
        Keeping(venue, desk, state),
        clock,
        settings.server,
        push_ms=settings.feed.push_ms,
        recorder=recorder,
        random=Random(f"prefixes {seed}"),  # noqa: S311
    )
    for fault in settings.faults:
        server.check_fault(fault)
    return Paper(server, Control(server), state, recorder)


def _face(settings: Settings) -> Face:
    return Face(
        settings.protocol,
        server_name=settings.server.name,
        company=settings.server.company,
        build=settings.server.build,
        stop_out_without_margin=settings.trading.stop_out_without_margin,
        rules=settings.trading.leverage_rules,
        overrides=_overrides(settings),
        spreads=settings.spreads,
        links=settings.links,
    )


def _overrides(settings: Settings) -> dict[int, list[TradeSettings]]:
    return {
        account.login: [replace(NO_OVERRIDE, **one.changes()) for one in account.overrides]
        for account in settings.accounts
    }


def _venue(
    settings: Settings,
    instruments: tuple[Instrument, ...],
    zone: Zone,
    opened: Moment,
    state: State | None,
    seed: str,
) -> Venue:
    """The venue with the accounts of the file, and those of the settings that are not in it yet."""
    known = state.known.accounts if state else {}
    if state is not None:
        _check(state.path, known, {one.spec.trade_symbol for one in instruments})
    fresh = [_opened(one) for one in settings.accounts if one.login not in known]
    again = [_again(state, account, settings) for account in known.values()] if state else []
    try:
        return Venue(
            fresh,
            instruments,
            zone,
            settings.trading,
            opened=opened,
            overrides=_overrides(settings),
            known=again,
            marks=state.known.marks if state else None,
            seed=seed,
        )
    except LedgerBroken as why:
        if state is None:
            raise
        raise StateError(state.path, 0, f"does not add up: {why}") from None


def _opened(settings: AccountSettings) -> Account:
    """A new account; what it begins with becomes its first deals."""
    account = settings.account()
    account.balance, account.credit = settings.deposit, settings.credit
    return account


def _again(state: State, account: Account, settings: Settings) -> Account:
    """An account of the file with the settings' present terms, where it is in them."""
    named = next((one for one in settings.accounts if one.login == account.login), None)
    if named is None:
        return account
    wanted = named.account()
    for name in NATURE:
        had, wants = getattr(account, name), getattr(wanted, name)
        if had != wants:
            what = f"account {account.login}: {name} is {had!s} here, {wants!s} in the settings"
            raise StateError(state.path, 0, what)
    for name in KEPT:
        setattr(wanted, name, getattr(account, name))
    wanted.orders, wanted.positions = account.orders, account.positions
    wanted.deals, wanted.history = account.deals, account.history
    return wanted


def _check(path: Path, accounts: Mapping[int, Account], symbols: set[str]) -> None:
    for account in accounts.values():
        rows: list[Any] = [*account.orders.values(), *account.positions.values()]
        for record in rows:
            if record.trade_symbol not in symbols:
                kind = type(record).__name__.lower()
                raise StateError(
                    path,
                    0,
                    f"account {account.login}: {kind} {msgspec.to_builtins(record)['trade_order']} is in "
                    f"{record.trade_symbol}, a symbol that the settings do not have",
                )
