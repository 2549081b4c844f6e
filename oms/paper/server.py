"""The gateway itself: terminals on a WebSocket, the market's tasks, all told the time by one clock.

What a request means is the desk's and the venue's; what is pushed is theirs too.  Here are sockets and tasks.
A connection that never becomes a WebSocket, or speaks nonsense on it, disturbs nobody else.

Every operation is kept before its effects are sent: nobody is told of anything that a restart would forget.
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    WebSocketRequest,
    wrap_server_stream,
)

from protocol.enums import Code, Retcode
from protocol.messages import Answer, Push, Refused, Request, Unknown
from protocol.records.symbols import FullSymbol
from protocol.records.trade import ServerLink, TradeAnswer, TradeOutcome
from protocol.session import Role, Session

from .alteration import altered
from .bars import Bars
from .clock import Clock
from .connection import Connection
from .desk import Desk, Reply
from .faults import Fault, Faults, Kind
from .feed import Feed, Tick
from .keeping import Keeping
from .manners import Manners
from .market import Market
from .model import Effect, Moment
from .recording import Recorder
from .redaction import SECRET_COMMANDS
from .settings import ServerSettings
from .specification import changed_spec
from .stream import BreakableStream, reset
from .telling import arranged, delayed, gathered
from .venue import Venue
from .zone import Zone

HANDSHAKE_S: Final = 10.0
FAREWELL_S: Final = 1.0
TICKS_PER_TURN: Final = 1000
PREFIXES: Final = 255 * 255
PATIENCE_S: Final = 0.2  # how long the market waits for a terminal that reads too slowly, once
SUBSCRIBE_TICKS, TRADE, SUBSCRIBE_BOOKS, LOGIN = 7, 12, 22, 28
TRANSACTIONS, SYMBOLS_CHANGED, ACCOUNT_CHANGED, SERVER_LINK, RESULT, PING = 10, 13, 14, 15, 19, 51
UNTOLD_COMMANDS: Final = frozenset({24, LOGIN, 30, 39, 43})  # change what no effect tells of
# Faults by which a request is lost: nobody reads it.
LOSSES: Final = frozenset({"lose", "abort", "close", "half_open"})


class Server:
    """A venue on the network."""

    def __init__(
        self,
        venue: Venue,
        desk: Desk,
        market: Market,
        bars: Bars,
        feed: Feed,
        zone: Zone,
        faults: Faults,
        keeping: Keeping,
        clock: Clock,
        settings: ServerSettings,
        *,
        push_ms: int = 0,
        recorder: Recorder | None = None,
        random: Random,
    ) -> None:
        self.venue, self.desk, self.market, self.zone, self.faults = venue, desk, market, zone, faults
        self.clock, self.keeping = clock, keeping
        self.connections: dict[int, Connection] = {}
        self.refused_connections = 0
        self.feeding = True  # False: the feed's ticks are left out
        self._bars, self._feed, self._settings = bars, feed, settings
        self._push_ms = push_ms
        self._recorder = recorder
        self._random = random  # of the prefixes
        self._numbers = 0
        self._wake = trio.Event()  # the venue has something new to wait for
        self._nursery: trio.Nursery | None = None

    @property
    def manners(self) -> Manners:
        """How it speaks at present."""
        return self.desk.face.manners

    @property
    def moment(self) -> Moment:
        """Now."""
        return self.zone.moment(self.clock.utc_ms())

    # Terminals.

    async def serve(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Listen until cancelled; reports the port."""
        listeners = await trio.open_tcp_listeners(port, host=host)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.run)
            nursery.start_soon(partial(trio.serve_listeners, partial(self._accept, tls), listeners))
            task_status.started(listeners[0].socket.getsockname()[1])

    async def run(self) -> None:
        """The market, until cancelled; `serve` runs it beside its listeners."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._run_market()

    async def say_goodbye(self) -> None:
        """Close every WebSocket with code 1000, as far as the terminals take part in it."""
        leaving = list(self.connections.values())
        for connection in leaving:
            connection.end()
        with trio.move_on_after(FAREWELL_S):
            for connection in leaving:
                await connection.ended.wait()

    async def _accept(self, tls: ssl.SSLContext | None, tcp: trio.SocketStream) -> None:
        inner: trio.abc.Stream = trio.SSLStream(tcp, tls, server_side=True) if tls else tcp
        await self.welcome(inner, partial(reset, tcp))

    async def welcome(self, inner: trio.abc.Stream, reset: Callable[[], None]) -> None:
        """One connection over any stream, from its first byte to its last; `reset` breaks it off."""
        stream = BreakableStream(inner, reset)
        try:
            async with trio.open_nursery() as nursery:
                websocket = await self._handshake(nursery, stream)
                if websocket is not None:
                    await self._converse(websocket, stream)
                nursery.cancel_scope.cancel()
        except* (trio.BrokenResourceError, trio.ClosedResourceError, ConnectionClosed, HandshakeError):
            self.refused_connections += 1  # went away, or spoke no WebSocket
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.aclose_forcefully(inner)

    async def _handshake(self, nursery: trio.Nursery, stream: BreakableStream) -> WebSocketConnection | None:
        with trio.move_on_after(HANDSHAKE_S):
            largest = self._settings.max_message
            request = await wrap_server_stream(nursery, stream, max_message_size=largest)
            if request.path.partition("?")[0] != self._settings.path:
                await request.reject(404, body=f"the terminal is at {self._settings.path}\n".encode())
            elif not self._origin_fits(request):
                await request.reject(403, body=b"another Origin is expected\n")
            elif len(self.connections) >= self._settings.max_sessions:
                await request.reject(503, body=b"too many connections\n")
            else:
                return await request.accept()
        self.refused_connections += 1
        return None

    def _origin_fits(self, request: WebSocketRequest) -> bool:
        wanted = self.manners.origin
        origins = [value.decode("latin-1") for name, value in request.headers if name.lower() == b"origin"]
        return not wanted or origins == [wanted]

    async def _converse(self, websocket: WebSocketConnection, stream: BreakableStream) -> None:
        self._numbers += 1
        recording = self._recorder.begin() if self._recorder else None
        connection = Connection(
            self._numbers,
            websocket,
            stream,
            Session(Role.GATEWAY, prefix=self._prefix, echo_prefix=self.manners.echo_prefix),
            self.faults,
            other=self._other,
            recording=recording,
            idle_s=self._settings.idle_timeout_s,
        )
        self.connections[connection.visitor.number] = connection
        try:
            await connection.run(self._hear)
        finally:
            del self.connections[connection.visitor.number]
            if recording is not None:
                recording.end()

    def _other(self, connection: Connection) -> Connection | None:
        """Another session of the same account, the oldest."""
        login, number = connection.visitor.login, connection.visitor.number
        others = (one for one in self.connections.values() if one.visitor.number != number)
        return next((one for one in others if login is not None and one.visitor.login == login), None)

    def _prefix(self) -> bytes:
        """Two bytes, each 0 to 254 (docs/protocol.md 1)."""
        number = int(self._random.random() * PREFIXES)
        return bytes(divmod(number, 255))

    # Requests.

    def _hear(
        self, connection: Connection, command: int, request: Request | Unknown | None, body: bytes
    ) -> None:
        """A request came in: what a fault does with it, and otherwise its answer."""
        fault = None
        if isinstance(request, Request):
            fault = self.faults.meet(Kind.REQUEST, command, connection.visitor.login)
        self._remember(connection, command, body, lost=fault is not None and fault.do in LOSSES)
        if request is None:
            connection.say(Refused(command, Code.INTERNAL_ERROR))
        elif isinstance(request, Unknown):
            self._shrug(connection, command)
        elif fault is None:
            self._serve(connection, request)
        else:
            self._hinder(connection, request, fault)

    def _remember(self, connection: Connection, command: int, body: bytes, *, lost: bool) -> None:
        if command == PING:
            return
        visitor, secret = connection.visitor, command in SECRET_COMMANDS
        self.keeping.heard(
            {
                "utc_ms": self.clock.utc_ms(),
                "session": visitor.number,
                "login": visitor.login,
                "command": command,
                "hex": "" if secret else body.hex(),
                "lost": lost,
            }
        )

    def _shrug(self, connection: Connection, command: int) -> None:
        """A command that nobody knows (docs/protocol.md 10, 7)."""
        if self.manners.unknown == "silence":
            connection.forget(command)
            return
        connection.say(Answer(command))
        if self.manners.unknown == "close":
            connection.end()

    def _hinder(self, connection: Connection, request: Request, fault: Fault) -> None:
        match fault.do:
            case "refuse":
                connection.refuse(request.command, fault.code)
            case "lose":
                connection.forget(request.command)
            case "delay":
                connection.soon(fault.seconds, partial(self._serve_late, connection, request))
            case "cut_comment":
                value = altered(fault, request.value)
                self._serve(connection, Request(request.command, value, request.drift))
            case "slow_dealer" | "push_first" | "refuse_ticket":
                self._serve(connection, request, fault)
            case "key_length":
                self.desk.set_key_length(fault.length)
                self._serve(connection, request)
            case "link" | "zone_jump" | "spec":
                self._upset(fault)
                self._serve(connection, request)
            case _:
                if connection.suffer(fault):
                    self._serve(connection, request)

    async def _serve_late(self, connection: Connection, request: Request) -> None:
        self._serve(connection, request)

    def _serve(self, connection: Connection, request: Request, fault: Fault | None = None) -> None:
        """Answer one request, and push what it causes."""
        reply = self._reply(connection, request, fault)
        self.keeping.effects(reply.effects)
        if request.command in UNTOLD_COMMANDS:
            self.keeping.everything()
        told = self.manners.told if request.command == TRADE else "12 10 19"
        if fault is not None and fault.do == "push_first":
            told = "10 19 12"
        effects = gathered(self.manners.transactions, reply.effects)
        for one in arranged(told, reply.answer, effects):
            if isinstance(one, Effect):
                self._push(one)
            else:
                connection.say(one, body=reply.body)
        if request.command == TRADE:
            self._wake.set()
        elif request.command == SUBSCRIBE_TICKS:
            self.market.show_ticks(connection)
        elif request.command == SUBSCRIBE_BOOKS:
            self.market.show_books(connection, self.venue.prices, list(self.connections.values()))
        if reply.ends:
            connection.end()

    def _reply(self, connection: Connection, request: Request, fault: Fault | None) -> Reply:
        visitor, moment = connection.visitor, self.moment
        if request.command != TRADE:
            tickets = fault is None or fault.do != "refuse_ticket"
            return self.desk.reply(moment, visitor, request, tickets=tickets)
        if not connection.pace.keeps(self._settings.max_requests_per_second):
            return Reply(Answer(TRADE, TradeAnswer(Retcode.TOO_MANY_REQUESTS)))
        slow = fault is not None and fault.do == "slow_dealer"
        return self.desk.trade(
            moment, visitor, request.value, round(fault.seconds * 1000) if fault and slow else None
        )

    # What is pushed.

    def push(self, effects: Iterable[Effect]) -> None:
        """Send effects to the sessions they are for, in order."""
        for effect in gathered(self.manners.transactions, delayed(self.manners.told, effects)):
            self._push(effect)

    def _push(self, effect: Effect) -> None:
        value = effect.value
        if effect.command == RESULT and self.manners.result_word and isinstance(value, TradeOutcome):
            value = msgspec.structs.replace(value, code=self.manners.result_word)
        for connection in list(self.connections.values()):
            visitor = connection.visitor
            if visitor.login != effect.login or effect.session not in (None, visitor.number):
                continue
            if effect.command == ACCOUNT_CHANGED:  # each session sees its own rights
                account = self.venue.accounts[effect.login]
                value = self.desk.account_body(account, self.moment, investor=visitor.investor)
            connection.say(Push(effect.command, value))

    def push_all(self, command: int, value: Any) -> None:
        """Send a push to every session that is logged in."""
        for connection in list(self.connections.values()):
            if connection.visitor.login is not None:
                connection.say(Push(command, value))

    # What happens to it.

    def apply(self, effects: list[Effect]) -> None:
        """Effects of somebody else's action on the venue: kept, pushed, waited for."""
        self.keeping.effects(effects)
        self.push(effects)
        self._wake.set()

    def set_spec(self, symbol: str, changes: dict[str, Any]) -> None:
        """Change a symbol's specification or trade settings, and tell everybody; ValueError for nonsense."""
        self._respecify(changed_spec(self.market.instruments, symbol, changes))

    def _respecify(self, spec: FullSymbol) -> None:
        effects = self.venue.set_spec(spec)
        instrument = self.market.instruments[spec.trade_symbol]
        self.market.instruments[spec.trade_symbol] = msgspec.structs.replace(instrument, spec=spec)
        self.apply(effects)

    def set_link(self, state: int, seconds: float = 0.0) -> None:
        """The trade server goes away, or comes back with 0: push 15; by itself after `seconds`, if any."""
        self.desk.link = state
        self.push_all(SERVER_LINK, ServerLink(state))
        if seconds and self._nursery is not None:
            self._nursery.start_soon(self._link_again, seconds)

    async def _link_again(self, seconds: float) -> None:
        await trio.sleep(seconds)
        self.set_link(0)

    def jump(self, hours: int) -> None:
        """Server time moves by whole hours; every account is told of its new zone."""
        self.zone.jump(hours)
        self.apply(self.venue.clock(self.moment))
        for login in self.venue.accounts:
            self._push(Effect(login, ACCOUNT_CHANGED, None))

    def check_fault(self, fault: Fault) -> None:
        """Raise ValueError for a fault that cannot happen here."""
        if fault.do == "spec":
            changed_spec(self.market.instruments, fault.symbol, fault.changes)

    def _upset(self, fault: Fault) -> None:
        """What a script does to the venue."""
        match fault.do:
            case "link":
                self.set_link(fault.state, fault.seconds)
            case "zone_jump":
                self.jump(fault.hours)
            case "spec":
                # It made sense when it was armed; what changed since may contradict it, and then it is void.
                try:
                    spec = changed_spec(self.market.instruments, fault.symbol, fault.changes)
                except ValueError:
                    return
                self._respecify(spec)

    # The market.

    async def _run_market(self) -> None:
        """Ticks, then what they cause; the venue's own clock; statistics."""
        self.tick(self._feed.opening())
        statistics_ms = self.clock.utc_ms()
        while True:
            await self._until_due(statistics_ms)
            await self._feed_until(self.clock.utc_ms())
            now = self.clock.utc_ms()
            effects = self.venue.clock(self.zone.moment(now))
            if effects:
                self.apply(effects)
            every = self.manners.statistics_seconds
            if every and now >= statistics_ms:
                self.market.send_statistics(list(self.connections.values()))
                statistics_ms = now + every * 1000

    async def _feed_until(self, utc_ms: int) -> None:
        """Every tick up to now, in turns that leave others theirs."""
        while ticks := self._feed.take(utc_ms):
            for start in range(0, len(ticks), TICKS_PER_TURN):
                if self.feeding:
                    self.tick(ticks[start : start + TICKS_PER_TURN])
                await trio.lowlevel.checkpoint()
                for connection in list(self.connections.values()):
                    if connection.behind:
                        await connection.catch_up(PATIENCE_S)

    async def _until_due(self, statistics_ms: int) -> None:
        """Until the next ticks, the venue's next clock, the next statistics, or a change."""
        due = []
        if (tick_ms := self._feed.next_utc_ms()) is not None:
            due.append(tick_ms + self._push_ms)  # a little later, so that several share a push
        if (clock_ms := self.venue.next_clock_ms()) is not None:
            due.append(clock_ms)
        if self.manners.statistics_seconds:
            due.append(statistics_ms)
        if not self._wake.is_set():
            async with trio.open_nursery() as nursery:
                if due:
                    nursery.start_soon(self._wake_at, min(due), nursery.cancel_scope)
                await self._wake.wait()
                nursery.cancel_scope.cancel()
        self._wake = trio.Event()

    async def _wake_at(self, utc_ms: int, scope: trio.CancelScope) -> None:
        await self.clock.sleep_until(utc_ms)
        scope.cancel()

    def tick(self, ticks: Sequence[Tick]) -> None:
        """Quotes first, then the books, then what they set off: as a terminal would expect to see it."""
        if not ticks:
            return
        terminals = list(self.connections.values())
        moments = [self.zone.moment(tick.utc_ms) for tick in ticks]
        for tick, moment in zip(ticks, moments, strict=True):
            self._bars.add(tick, moment.server_ms)
        self.market.add(ticks, moments, terminals)
        effects = self.venue.tick(moments[-1], ticks)
        if any(terminal.visitor.books for terminal in terminals):
            self.market.send_books(self.venue.prices, dict.fromkeys(tick.symbol for tick in ticks), terminals)
        if effects:
            self.keeping.effects(effects)
            self.push(effects)
