"""How large messages may be, in bytes."""

from typing import Final

PAYLOAD: Final = 64 * 1024  # of a request, of a command
HEADERS: Final = 1024  # left for the headers of ours; to the server they are part of the payload
