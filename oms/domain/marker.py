"""The marker by which an order at the venue is known to be a command's (docs/semantics.md 8).

A comment has 31 UTF-16 units on the wire at most: the user's, cut to 20, and the marker's 11.
"""

import re
from base64 import b32encode
from hashlib import sha256
from typing import Final

LETTERS: Final = 10
OWN_UNITS: Final = 20  # UTF-16 units that are left to the user
WIRE_UNITS: Final = 31
_MARKER: Final = re.compile(r"~[A-Z2-7]{10}\Z")


def marker_of(account: str, client: str, command: str) -> str:
    """`~` and 10 letters of a hash of the command's identity: the same for ever."""
    hashed = sha256(f"{account}\0{client}\0{command}".encode()).digest()
    return "~" + b32encode(hashed[:LETTERS])[:LETTERS].decode()  # a letter is less than a byte


def marked(comment: str, marker: str) -> str:
    """The comment as it is sent, with its marker behind it; cut at a code point."""
    return cut(comment, OWN_UNITS if marker else WIRE_UNITS) + marker


def marker_in(comment: str) -> str:
    """The marker at the end of a comment, "" where there is none."""
    found = _MARKER.search(comment) if "~" in comment else None  # twice as fast for all the others
    return found.group() if found else ""


def cut(text: str, units: int) -> str:
    """The beginning of a text that takes at most so many UTF-16 units."""
    if 2 * len(text) <= units:
        return text
    room = units
    for place, letter in enumerate(text):
        room -= 2 if ord(letter) > 0xFFFF else 1
        if room < 0:
            return text[:place]
    return text
