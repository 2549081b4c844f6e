"""What is under way to a stream and not yet acknowledged."""

from typing import Final

import msgspec
import trio

from .told import Message

NO_RESPONDERS: Final = "503"


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Answer(msgspec.Struct):
    """What a stream says to a message: its sequence, or why it did not take it."""

    seq: int = 0
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class Window:
    """Messages in order, at most so many of them under way; it ends at the first that is refused.

    The fence lets a message in only behind the one before it: an acknowledgement is one of all before, too.
    """

    def __init__(self, after: int, size: int, patience_s: float) -> None:
        """`after` = the last sequence of the stream; `patience_s` may pass without an acknowledgement."""
        self.sent = self.acknowledged = after
        self.why: str | None = None  # it ended
        self._size, self._patience_s = size, patience_s
        self._moved = trio.Event()

    def end(self, why: str) -> None:
        """No more of it; the first reason counts."""
        if self.why is None:
            self.why = why
        self._move()

    def send(self, seq: int) -> None:
        """Everything up to there is under way."""
        self.sent = seq
        self._move()

    def hear(self, message: Message) -> None:
        """One answer of the stream."""
        if message.headers.get("Status") == NO_RESPONDERS:
            self.end("no stream takes the events")
            return
        try:
            answer = _decode(message.payload)
        except msgspec.MsgspecError:
            self.end("an acknowledgement is none")
            return
        if answer.error is not None:
            self.end(f"{answer.error.description} (error {answer.error.err_code})")
        elif answer.seq > self.sent:
            self.end(f"sequence {answer.seq} was acknowledged, and {self.sent} was the last one sent")
        else:
            self.acknowledged = max(self.acknowledged, answer.seq)
            self._move()

    async def room(self) -> int:
        """How many more may be sent, as soon as it is one."""
        while (room := self._size - (self.sent - self.acknowledged)) <= 0:
            await self._moved.wait()
        return room

    async def ended(self) -> str:
        """Why it ended; it also does when nothing is acknowledged for too long."""
        while self.why is None:
            if self.sent == self.acknowledged:
                await self._moved.wait()
                continue
            before = self.acknowledged
            with trio.move_on_after(self._patience_s) as scope:
                while self.acknowledged == before and self.why is None:
                    await self._moved.wait()
            if scope.cancelled_caught:
                self.end(f"event {before + 1} was not acknowledged within {self._patience_s:g} s")
        return self.why

    def _move(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()
