"""The venue of a run: its settings, what troubles it, and what others do to the same account there."""

from decimal import Decimal
from random import Random
from typing import Any

from oms.paper.assembly import Paper, assemble
from oms.paper.behaviour import Behaviour
from oms.paper.clock import TrioClock
from oms.paper.faults import Fault
from oms.paper.listing import SymbolSettings
from oms.paper.manners import Manners
from oms.paper.settings import AccountSettings, FeedSettings, Settings
from protocol.enums import TradeAction
from protocol.records.trade import TradeRequest

LOGIN = 1001
SYMBOLS = ("EURUSD", "EURUSD.ins", "EURUSD.req")
# Wednesday 2024-05-15, UTC: ten in the morning by the server's clock, and two minutes before its midnight.
STARTS_MS = (1_715_756_400_000, 1_715_806_680_000)
STRANGER = 999_999  # a session of the same account, without a connection
LARGE = 3 * 10**8  # 3 lots: no command of ours asks for so much
TELEPHONE = "phone"  # the comment of what it orders
ON_ITS_WAY = ("lose", "delay", "duplicate", "swap", "abort", "abort_after", "close", "garbage", "truncate")
COMMANDS = {
    "request": (12, 12, 12, 3, 4, 5, 28),
    "answer": (12, 12, 12, 3, 4, 5, 6, 28, 51),
    "push": (10, 10, 19, 19, 14, 8),
}
SLOWEST_S = 50.0  # of dealers: within the minute that the last look waits (docs/semantics.md 8)
DOUBTFUL = (10011, 10012, 10024, 10028, 10031, 10008, 10009, 99999)


def settings_of(chance: Random, *, netting: bool, record: str | None = None) -> Settings:
    """A venue with manners drawn by chance."""
    told = chance.choice(("12 10 19", "12 19 10", "10 12 19", "10 19 12", "19 12 10", "19 10 12"))
    slow = told.startswith("12") and chance.random() < 0.3
    return Settings(
        seed=chance.randrange(2**31),
        record=record,
        default_symbols=False,
        symbols=tuple(SymbolSettings(name) for name in SYMBOLS),
        feed=FeedSettings(rate=0.02),
        protocol=Manners(
            statistics_seconds=0,
            told=told,  # type: ignore[arg-type]
            transactions=chance.choice(("single", "batched")),
        ),
        trading=Behaviour(
            first_order=1,
            first_deal=101,
            refuse_in=chance.choice(("answer", "result")),
            results_to_all=chance.random() < 0.5,
            echo_filled=chance.random() < 0.5,
            pending_code=chance.choice((10008, 10009)),
            requote_chance=0.2,
            slippage_points=chance.choice((0, 5)),
            dealer_delay_ms=200 if slow else 0,
            dealer_jitter_ms=2000 if slow else 0,
        ),
        accounts=(
            AccountSettings(
                login=LOGIN,
                balance=Decimal(100_000),
                margin_mode="netting" if netting else "hedging",
                commission_per_lot=Decimal("3.50"),
            ),
        ),
    )


class Venue:
    """The paper venue, and hands that reach into it."""

    def __init__(self, settings: Settings, start_ms: int, chance: Random) -> None:
        self.paper: Paper = assemble(settings, TrioClock(start_ms))
        self.server, self.venue = self.paper.server, self.paper.server.venue
        self._chance = chance
        self._actions = 0

    def trouble(self) -> None:
        """Arm a fault of whatever may go wrong."""
        draw = self._chance
        kind = draw.choice(tuple(COMMANDS))
        command = draw.choice(COMMANDS[kind])
        for do in draw.sample((*ON_ITS_WAY, "half_open", "refuse", "retcode", "slow_dealer", "link"), 14):
            fields: dict[str, Any] = {
                "on": kind,
                "command": command,
                "after": draw.randrange(3),
                "times": draw.choice((1, 1, 2)),
                "seconds": draw.choice((0.1, 2.0, 20.0, SLOWEST_S if do == "slow_dealer" else 70.0)),
                "bytes": draw.randrange(400),
                "code": draw.choice((1, 2, 100)),
                "retcode": draw.choice(DOUBTFUL),
            }
            try:
                self.server.faults.arm(Fault(do=do, **fields))  # type: ignore[arg-type]
            except ValueError:
                continue  # it cannot happen to such a message: another
            return

    def refuse_next(self) -> None:
        """The next request is refused, for good."""
        self.venue.reject_next(self._chance.choice((10006, 10013, 10018, 10019)), None)

    def stranger(self, action_id: int | None) -> None:
        """Somebody trades the same account on a telephone; an `action_id` is one of ours (TC-U10)."""
        draw = self._chance
        self._actions += 1
        positions = list(self.venue.accounts[LOGIN].positions) if action_id is None else []
        position = draw.choice(positions) if positions and draw.random() < 0.5 else 0
        found = self.venue.accounts[LOGIN].positions.get(position) if position else None
        request = TradeRequest(
            action_id=action_id or self._actions,
            trade_action=TradeAction.DEAL_MARKET,
            trade_symbol="EURUSD" if found is None else found.trade_symbol,
            trade_volume=(1_000_000 if action_id is None else LARGE) if found is None else found.trade_volume,
            digits=5,
            trade_type=draw.randrange(2) if found is None else 1 - found.trade_action,
            type_filling=1,
            type_flags=2,
            trade_position=position,
            comment=TELEPHONE,
        )
        outcome = self.venue.trade(self.server.moment, LOGIN, STRANGER, request)
        self.server.apply(list(outcome.effects))

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.server.faults.clear()
        if self.server.desk.link:
            self.server.set_link(0)
