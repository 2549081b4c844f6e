"""Commands: what each has come to, by its identity (client, command), which is remembered for ever."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from oms.domain.events import (
    CommandAnswered,
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    Event,
)
from oms.domain.events.command import Reason
from oms.domain.records import DealRecord

RECEIVED: Final = "received"
DENIED: Final = "denied"
SENDING: Final = "sending"
UNKNOWN: Final = "unknown"
REJECTED: Final = "rejected"
NOT_FOUND: Final = "not_found"  # a verdict: it was not executed


class Command(msgspec.Struct, frozen=True):
    """A command as its events leave it."""

    command: str
    client: str
    verb: str = ""
    symbol: str = ""
    status: str = RECEIVED  # received, denied, sending, unknown, rejected, accepted, working, filled, ...
    final: bool = False  # no later status is expected
    parent: str | None = None
    order: str | None = None
    position: str | None = None
    volume: Decimal | None = None  # lots
    filled: Decimal | None = None  # lots
    price: Decimal | None = None  # average of the deals
    deals: tuple[str, ...] = ()
    retcode: int | None = None
    reasons: tuple[Reason, ...] = ()


class Commands:
    """All commands of an account."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, str], Command] = {}
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {
            CommandReceived: self._received,
            CommandDenied: self._denied,
            CommandSending: self._sending,
            CommandAnswered: self._hinted,
            CommandResult: self._hinted,
            CommandOutcome: self._came_out,
            CommandUnknown: self._unknown,
            CommandSettled: self._settled,
        }

    def __iter__(self) -> Iterator[Command]:
        """All of them, by when they came."""
        return iter(tuple(self._commands.values()))

    def get(self, client: str, command: str) -> Command | None:
        """A command by its identity."""
        return self._commands.get((client, command))

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """None of its business: what a deal means for a command is an event of its own."""

    def state(self) -> Any:
        """All of them, by client."""
        found: dict[str, dict[str, Command]] = {}
        for (client, name), command in self._commands.items():
            found.setdefault(client, {})[name] = command
        return found

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of them."""
        return msgspec.msgpack.encode(list(self))

    def restore(self, dump: msgspec.Raw, deals: Sequence[DealRecord]) -> None:
        """Likewise."""
        for command in msgspec.msgpack.decode(dump, type=list[Command]):
            self._keep(command)

    def _known(self, client: str, command: str) -> Command:
        return self._commands.get((client, command)) or Command(command, client)

    def _keep(self, command: Command) -> None:
        self._commands[command.client, command.command] = command

    def _received(self, event: CommandReceived) -> None:
        known = self._known(event.client, event.command)
        self._keep(replace(known, verb=event.verb, symbol=event.symbol, parent=event.parent))

    def _denied(self, event: CommandDenied) -> None:
        known = self._known(event.client, event.command)
        self._keep(replace(known, status=DENIED, final=True, reasons=event.reasons))

    def _sending(self, event: CommandSending) -> None:
        known = self._known(event.client, event.command)
        self._keep(replace(known, status=SENDING, volume=event.volume))

    def _hinted(self, event: CommandAnswered | CommandResult) -> None:
        """A code tells what happened to the request, never that it was filled: the outcome follows."""
        self._keep(replace(self._known(event.client, event.command), retcode=event.retcode))

    def _came_out(self, event: CommandOutcome) -> None:
        known = self._known(event.client, event.command)
        self._keep(
            replace(
                known,
                symbol=event.symbol or known.symbol,
                status=event.status,
                final=event.final,
                order=event.order,
                position=event.position,
                volume=event.volume if event.volume is not None else known.volume,
                filled=event.filled,
                price=event.price,
                deals=event.deals,
                retcode=event.retcode if event.retcode is not None else known.retcode,
                reasons=event.reasons,
            )
        )

    def _unknown(self, event: CommandUnknown) -> None:
        known = self._known(event.client, event.command)
        self._keep(replace(known, status=UNKNOWN, final=False))

    def _settled(self, event: CommandSettled) -> None:
        """Not executed is rejected; what was found gets its status from the outcome behind it."""
        known = self._known(event.client, event.command)
        if event.verdict == NOT_FOUND:
            self._keep(replace(known, status=REJECTED, final=True))
        else:
            self._keep(replace(known, order=event.order or known.order, deals=event.deals or known.deals))
