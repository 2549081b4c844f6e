"""Where the answer to a WebSocket handshake ends, and whether frames follow it (RFC 6455 4.1).

Only looked at, never judged: that is the WebSocket library's.  The end is where h11 sees it.
"""

import re
from typing import Final

HEAD_BYTES: Final = 1 << 16  # longer ones are nobody's; h11 gives up earlier
END: Final = re.compile(rb"\n\r?\n")
STATUS: Final = re.compile(rb"HTTP/\d\.\d (\d{3})")
SWITCHING: Final = 101


class HandshakeReader:
    """Follows the answer as its bytes come."""

    def __init__(self) -> None:
        self.status: int | None = None  # the HTTP status, once it is there
        self.switched = False  # from here on there are frames
        self._head = b""
        self._over = False

    def feed(self, data: bytes) -> bytes:
        """The next bytes; returns those of them that lie behind the answer, if frames follow it."""
        if self._over:
            return b""
        self._head += data
        if self.status is None and (found := STATUS.match(self._head)):
            self.status = int(found[1])
        end = END.search(self._head)
        self._over = end is not None or len(self._head) > HEAD_BYTES
        if end is None or self.status != SWITCHING:
            return b""
        self.switched = True
        behind, self._head = self._head[end.end() :], b""
        return behind
