"""Random bytes and random changes of known ones."""

import random
from collections.abc import Sequence

EDGES = (
    *(b"\0\0\0\0", b"\1\0\0\0", b"\2\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"),
    b"\0\0\0\0\0\0\xf8\x7f",  # nan
    b"\0\0\0\0\0\0\xf0\xff",  # -inf
    b"\x3d\xd8",  # half a surrogate pair
)
LONGEST = 20_000  # of a seed: what is larger is slow, not new


def mutated(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Bytes near one of the corpus, now and then far from all of it."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1200))
    body = bytearray(chance.choice(corpus)[:LONGEST])
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        chance.choice(CHANGES)(chance, body, corpus)
    return bytes(body)


def _flip(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    if body:
        body[chance.randrange(len(body))] ^= chance.randrange(1, 256)


def _edge(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    """A telling number, often at the front, where counts and classes are."""
    value = chance.choice(EDGES)
    at = chance.randrange(0, 24, 4) if chance.random() < 0.5 else chance.randrange(len(body) + 1)
    body[at : at + len(value)] = value


def _cut(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    del body[chance.randrange(len(body) + 1) :]


def _drop(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    at = chance.randrange(len(body) + 1)
    del body[at : at + chance.randrange(1, 40)]


def _extend(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    body += chance.randbytes(chance.randrange(1, 400))


def _double(chance: random.Random, body: bytearray, _corpus: Sequence[bytes]) -> None:
    at = chance.randrange(len(body) + 1)
    body[at:at] = body[at : at + chance.randrange(1, 800)]


def _splice(chance: random.Random, body: bytearray, corpus: Sequence[bytes]) -> None:
    other = chance.choice(corpus)
    body[chance.randrange(len(body) + 1) :] = other[chance.randrange(len(other) + 1) :]


CHANGES = (_flip, _flip, _edge, _edge, _cut, _drop, _extend, _double, _splice)
