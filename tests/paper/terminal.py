"""A terminal on a real WebSocket: the project's own `protocol.Session` with a socket under it."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from protocol.cipher import INITIAL_KEY, Decryptor
from protocol.frame import Direction, Frame, unseal
from protocol.messages import Answer, Late, Message, Push, Refused, Request, Unsolicited
from protocol.records.access import BootstrapAnswer, BootstrapRequest, Login, LoginAnswer
from protocol.records.trade import TradeAnswer, TradeRequest
from protocol.session import Role, Session

LIMIT_S = 5.0  # nothing that a test waits for takes so long


class Terminal:
    """One end of a conversation; `heard` is everything that came, in order."""

    def __init__(self, websocket: WebSocketConnection) -> None:
        self.websocket = websocket
        self.session = Session(Role.TERMINAL)
        self.heard: list[Message] = []
        self.frames: list[Frame] = []  # the same as plaintext frames
        self._decryptor = Decryptor(INITIAL_KEY)
        self._actions = 999

    async def send(self, request: Request) -> None:
        message = self.session.send(request)
        assert message is not None
        await self.websocket.send_message(message)

    async def receive(self) -> Message:
        """The next message."""
        with trio.fail_after(LIMIT_S):
            data = await self.websocket.get_message()
        assert isinstance(data, bytes)
        frame = unseal(data, self._decryptor, Direction.ANSWER)
        assert frame is not None
        self.frames.append(frame)
        (message,) = self.session.receive(data)
        if isinstance(message, Answer) and isinstance(message.value, BootstrapAnswer):
            self._decryptor = Decryptor(message.value.key)
        self.heard.append(message)
        return message

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message from now on that is wanted."""
        while not wanted(message := await self.receive()):
            pass
        return message

    async def reply(self, command: int, value: Any = None) -> Answer | Refused:
        """Ask, and wait for what is answered."""
        request = Request(command, value)
        await self.send(request)
        message = await self.until(lambda one: getattr(one, "request", None) is request)
        assert isinstance(message, Answer | Refused)
        return message

    async def ask(self, command: int, value: Any = None) -> Any:
        """The value of an answer that must come."""
        answer = await self.reply(command, value)
        assert isinstance(answer, Answer), answer
        return answer.value

    async def push(self, command: int) -> Any:
        """The value of the next push of this command."""
        message = await self.until(lambda one: isinstance(one, Push) and one.command == command)
        assert isinstance(message, Push)
        return message.value

    async def settled(self) -> list[Message]:
        """What came since the last call, once the gateway has answered a ping behind all of it."""
        begin = getattr(self, "_told", 0)
        await self.ask(51)
        self._told = len(self.heard)
        return [one for one in self.heard[begin:] if one.command != 51]

    async def bootstrap(self, token: bytes = bytes(64)) -> BootstrapAnswer:
        answer = await self.ask(0, BootstrapRequest(token))
        assert isinstance(answer, BootstrapAnswer)
        return answer

    async def login(self, login: int, password: str = "paper", **more: Any) -> LoginAnswer:  # noqa: S107
        answer = await self.ask(28, Login(login=login, password=password, **more))
        assert isinstance(answer, LoginAnswer)
        return answer

    def request(self, action: int, kind: int, lots: float, **more: Any) -> TradeRequest:
        """A trade request with the next action_id (docs/protocol.md 4.7)."""
        self._actions += 1
        fields: dict[str, Any] = {
            "action_id": self._actions,
            "trade_action": action,
            "trade_symbol": "EURUSD",
            "trade_type": kind,
            "trade_volume": round(lots * 10**8),
            "digits": 5,
            "type_flags": 2,
        }
        return TradeRequest(**(fields | more))

    async def trade(self, request: TradeRequest) -> int:
        """The code of answer 12."""
        answer = await self.ask(12, request)
        assert isinstance(answer, TradeAnswer)
        return answer.retcode

    async def buy(self, lots: float = 0.1, **more: Any) -> int:
        """A market order of EURUSD as the official client sends it (docs/protocol.md 6.5)."""
        return await self.trade(self.request(3, 0, lots, **({"type_filling": 1} | more)))


def evidence(message: Message) -> bool:
    """Whether a message answers nothing that is in flight."""
    return isinstance(message, Late | Unsolicited)


@asynccontextmanager
async def connected(url: str, tls: ssl.SSLContext | None = None, queue: int = 256) -> AsyncIterator[Terminal]:
    """A terminal that has said nothing yet; `queue` messages are read without being asked for."""
    async with open_websocket_url(
        url, tls, max_message_size=1 << 26, message_queue_size=queue, disconnect_timeout=1
    ) as websocket:
        try:
            yield Terminal(websocket)
        finally:
            # The library leaves the socket open where the other end closed first.
            with trio.move_on_after(1):
                await websocket.aclose()
            await trio.aclose_forcefully(websocket._stream)
