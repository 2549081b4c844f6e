"""nats-py's client, made to take whatever the server delivers.

Who may publish chooses the bytes of a subject, of a place for the answer, of headers; the server looks at
none of them.  nats-py stops reading, without a word, at what it cannot decode, and ends a token at white
space that the server takes for a part of it: a message of anybody's could silence the daemon, or come as
that of another subscription.  Here headers that are none are absent, a subject that is no UTF-8 is told with
backslashes, and nobody is answered at a place that is no UTF-8.
"""

import re
from typing import Any, Final

from nats.aio.client import DEFAULT_FLUSH_TIMEOUT, Client
from nats.aio.msg import Msg
from nats.js.api import Header
from nats.protocol import parser

# The server sends one blank between two tokens.  Within one it takes any byte but blank, tab and line break.
_TOKEN: Final = rb"([^ \t\r\n]+) "
_ADDRESSED: Final = rb" " + _TOKEN + _TOKEN + rb"(" + _TOKEN + rb")?"  # subject, subscription, reply
# The parser has no other place for them.
parser.MSG_RE = re.compile(rb"\AMSG" + _ADDRESSED + rb"(\d+)\r\n")
parser.HMSG_RE = re.compile(rb"\AHMSG" + _ADDRESSED + rb"(\d+) (\d+)\r\n")


class SteadyClient(Client):
    """Nothing that is published ends its reading."""

    async def flush(self, timeout: int = DEFAULT_FLUSH_TIMEOUT) -> None:  # noqa: ASYNC109 - nats-py's own
        """Return when the server has got everything so far.

        nats-py sends its ping ahead of what waits; behind the second one there is nothing.
        """
        await super().flush(timeout)
        await super().flush(timeout)

    async def _process_headers(self, headers: bytes | None) -> dict[str, str] | None:
        return (read_headers(headers) or None) if headers else None

    def _build_message(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
    ) -> Msg:
        try:
            return self._built(sid, subject, reply, data, headers)
        except UnicodeDecodeError:
            told = subject.decode(errors="backslashreplace").encode()
            return self._built(sid, told, reply if _is_text(reply) else b"", data, headers)

    def _built(self, *given: Any) -> Msg:
        message: Msg = super()._build_message(*given)
        return message


def read_headers(block: bytes) -> dict[str, str]:
    """The headers of a message, or what the server says in place of one (Status, Description); never fails.

    A line that is none is left out; of two of one name the last counts.  Names are ASCII.
    """
    first, _, lines = block.partition(b"\r\n")
    found: dict[str, str] = {}
    _, _, line = first.partition(b" ")
    status, _, description = line.partition(b" ")
    if status.isdigit():
        found[Header.STATUS.value] = status.decode()
        if description:
            found[Header.DESCRIPTION.value] = description.decode(errors="replace")
    return found | Client._parse_header_lines(lines)


def _is_text(reply: bytes) -> bool:
    try:
        reply.decode()
    except UnicodeDecodeError:
        return False
    return True
