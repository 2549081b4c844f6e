"""Requests on their way to the dealer: those that wait for him, and what was ordered about the next ones."""

from collections import deque
from collections.abc import Iterator, Sized
from heapq import heappop, heappush
from math import isfinite
from typing import Literal

from msgspec.structs import replace

from protocol.records.trade import TradeRequest

from .answers import Asked
from .case import DEALS
from .floor import Floor
from .money import exact, rounded

Channel = Literal["answer", "result"]

PRICES = ("price_order", "price_trigger", "price_sl", "price_tp")
MOST = 1000  # orders of a dealer about requests to come
GRID = 8  # digits: what a double has beyond is noise of the sender's arithmetic


def tidy(request: TradeRequest) -> TradeRequest:
    """The request with prices on at most 8 digits, so that what is stored is a price; not the echo."""
    prices = {name: getattr(request, name) for name in PRICES}
    clean = {name: float(rounded(exact(value), GRID)) for name, value in prices.items() if _small(value)}
    return replace(request, **clean)


def _small(value: float) -> bool:
    return isfinite(value) and abs(value) < 1e12


class Intake:
    """The dealer's queue."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._waiting: list[tuple[int, int, Asked]] = []  # due UTC ms, order of arrival
        self._arrived = 0
        self._rejections: deque[tuple[int, Channel]] = deque()
        self._delays: deque[int] = deque()

    def reject_next(self, code: int, channel: Channel | None) -> None:
        """One more request to be refused; ValueError where too many are."""
        _room(self._rejections, 1)
        self._rejections.append((code, channel or self._floor.behaviour.refuse_in))

    def slow_next(self, delay_ms: int, count: int) -> None:
        """So many more requests to wait; ValueError where too many do."""
        _room(self._delays, count)
        self._delays.extend([delay_ms] * count)

    def forced(self) -> tuple[int, Channel] | None:
        """The refusal ordered for this request, once."""
        return self._rejections.popleft() if self._rejections else None

    def delay(self) -> int:
        """How long this request waits for the dealer, ms."""
        if self._delays:
            return self._delays.popleft()
        behaviour = self._floor.behaviour
        jitter = behaviour.dealer_jitter_ms and self._floor.random.randint(0, behaviour.dealer_jitter_ms)
        return behaviour.dealer_delay_ms + jitter

    def park(self, asked: Asked, due_ms: int) -> None:
        """Let a request wait; while it does, no other closes the same position."""
        heappush(self._waiting, (due_ms, self._arrived, asked))
        self._arrived += 1
        if _closes(asked):
            self._floor.closing.add((asked.login, asked.request.trade_position))

    def next_ms(self) -> int | None:
        """When the first is due, UTC."""
        return self._waiting[0][0] if self._waiting else None

    def due(self, utc_ms: int) -> bool:
        """Whether one is due by then."""
        return bool(self._waiting) and self._waiting[0][0] <= utc_ms

    def ready(self, utc_ms: int) -> Iterator[Asked]:
        """Those whose time has come, in order."""
        while self.due(utc_ms):
            _, _, asked = heappop(self._waiting)
            if _closes(asked):
                self._floor.closing.discard((asked.login, asked.request.trade_position))
            yield asked


def _room(orders: Sized, more: int) -> None:
    if len(orders) + more > MOST:
        raise ValueError(f"{len(orders)} are waiting, and {MOST} is the most")


def _closes(asked: Asked) -> bool:
    return asked.request.trade_action in DEALS and asked.request.trade_position != 0
