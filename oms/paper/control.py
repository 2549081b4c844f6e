"""The control port: JSON lines on a loopback TCP port, one object in, one object out, in order.

`{"do": "truth"}` answers the venue's whole truth; the other words change the venue as its dealer, or break
things.  What was done is answered `{"ok": ...}`; an unknown word or a wrong value `{"error": {"field",
"message"}}`, and changes nothing.  Passwords and tickets are in no answer.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
import trio

from .calls import (
    Abort,
    AmendDeal,
    Call,
    ClearFaults,
    Clock,
    Close,
    Connections,
    DealerDelay,
    Deposit,
    Faults,
    FeedSwitch,
    HalfOpen,
    InjectFault,
    KeyLength,
    Link,
    Refusal,
    RefuseTickets,
    RejectNext,
    RemoveDeal,
    RequoteNext,
    SetRights,
    SetSpec,
    SlowNext,
    TickCall,
    Truth,
    ZoneJump,
    parsed,
)
from .connection import Connection
from .feed import Tick
from .rules_price import on_grid
from .server import Server

LONGEST_LINE: Final = 1024 * 1024


class Control:
    """Carries out the calls of the control port."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def answer(self, line: bytes) -> dict[str, Any]:
        """What a line comes to."""
        try:
            return {"ok": self.carry_out(parsed(line))}
        except Refusal as why:
            return {"error": {"field": why.field, "message": why.message}}

    async def serve(
        self, host: str, port: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen until cancelled; reports the port."""
        listeners = await trio.open_tcp_listeners(port, host=host)
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(self._converse, listeners)

    async def _converse(self, stream: trio.SocketStream) -> None:
        buffer = bytearray()
        try:
            async with stream:
                async for chunk in stream:
                    buffer += chunk
                    *lines, rest = bytes(buffer).split(b"\n")
                    buffer = bytearray(rest)
                    for line in lines:
                        if line.strip():
                            await stream.send_all(json.dumps(self.answer(line)).encode() + b"\n")
                    if len(buffer) > LONGEST_LINE:
                        error = {"error": {"field": "line", "message": "longer than 1 MiB"}}
                        await stream.send_all(json.dumps(error).encode() + b"\n")
                        return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # whoever asked went away

    def carry_out(self, call: Call) -> Any:
        """Do it; the answer is fit for JSON.  Refusal where it cannot be, and then nothing was done."""
        server, venue = self._server, self._server.venue
        match call:
            case Truth():
                return {**venue.truth(), "requests": list(server.keeping.requests)}
            case Connections():
                return [_shown(one) for one in server.connections.values()]
            case Clock():
                return server.moment._asdict()
            case Deposit() | AmendDeal() | RemoveDeal() | SetRights():
                return self._deal(call)
            case RejectNext(retcode, channel):
                _refused("retcode", lambda: venue.reject_next(retcode, channel))
            case SlowNext(ms, count):
                _refused("count", lambda: venue.slow_next(ms, count))
            case RequoteNext(count):
                venue.requote_next(count)
            case DealerDelay(ms):
                venue.set_dealer_delay(ms)
            case SetSpec(symbol, changes):
                _refused("changes", lambda: server.set_spec(symbol, changes))
            case TickCall():
                return self._tick(call)
            case FeedSwitch(on):
                server.feeding = on
            case Link(state, seconds):
                server.set_link(state, seconds)
            case ZoneJump(hours):
                server.jump(hours)
            case KeyLength(length):
                server.desk.set_key_length(length)
            case RefuseTickets(on):
                server.desk.refused_tickets = on
            case InjectFault(fault):
                _refused("fault", lambda: server.check_fault(fault))
                return _refused("fault", lambda: server.faults.arm(fault))
            case Faults():
                return server.faults.listing()
            case ClearFaults(number):
                return server.faults.clear(number)
            case Abort() | Close() | HalfOpen():
                return self._break(call)
        return None

    def _deal(self, call: Deposit | AmendDeal | RemoveDeal | SetRights) -> None:
        """What dealers do to an account."""
        server, venue = self._server, self._server.venue
        if call.login not in venue.accounts:
            raise Refusal("login", f"there is no account {call.login}")
        match call:
            case Deposit(login, amount, deal_type, comment):
                effects = _refused(
                    "amount", lambda: venue.deposit(server.moment, login, amount, deal_type, comment)
                )
            case AmendDeal(login, deal, changes):
                effects = _refused("changes", lambda: venue.amend_deal(server.moment, login, deal, **changes))
            case RemoveDeal(login, deal):
                effects = _refused("deal", lambda: venue.remove_deal(server.moment, login, deal))
            case SetRights(login, rights):
                effects = venue.set_rights(login, rights)
        server.apply(effects)

    def _tick(self, call: TickCall) -> None:
        """A quote as if the feed had made it now."""
        spec = self._server.venue.specs.get(call.symbol)
        if spec is None:
            raise Refusal("symbol", f"there is no {call.symbol}")
        for name in ("bid", "ask", "last"):
            price = getattr(call, name)
            if price != round(price, spec.digits) or not on_grid(spec, price):
                tick = f"{spec.trade_tick_size:.{spec.digits}f}"
                raise Refusal(name, f"is no multiple of the symbol's tick size {tick}")
        if call.ask < call.bid:
            raise Refusal("ask", "is below the bid")
        now = self._server.clock.utc_ms()
        self._server.tick([Tick(call.symbol, now, call.bid, call.ask, call.last, call.volume)])

    def _break(self, call: Abort | Close | HalfOpen) -> int:
        """Break one session, those of an account, or all; how many that were."""
        chosen = [
            one
            for one in self._server.connections.values()
            if call.login in (None, one.visitor.login) and call.session in (None, one.visitor.number)
        ]
        for connection in chosen:
            match call:
                case Abort(bytes=None):
                    connection.abort()
                case Abort(bytes=int(size)):
                    connection.break_after(size)
                case Close():
                    connection.end()
                case HalfOpen():
                    connection.go_silent()
        return len(chosen)


def _refused(field: str, act: Callable[[], Any]) -> Any:
    """What an act gives; what the venue will not do becomes a refusal."""
    try:
        return act()
    except (LookupError, TypeError, ValueError, msgspec.ValidationError) as why:
        raise Refusal(field, str(why.args[0]) if why.args else str(why)) from None


def _shown(one: Connection) -> dict[str, Any]:
    return {"session": one.visitor.number, "login": one.visitor.login, "dropped": one.dropped}
