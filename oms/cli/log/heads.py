"""Signed heads for `oms log verify`: from a file or from NATS, and the keys that are believed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import trio

from oms.bus.errors import BusError
from oms.bus.heads import STREAM, read_heads
from oms.cli.asking import asking, where
from oms.cli.ending import WRONG, Failure
from oms.cli.nats_options import Said
from oms.cli.settings import heads_of
from oms.heads.file import UnreadableHeads
from oms.heads.file import read_heads as heads_in_file
from oms.heads.head import BadHead, SignedHead, read
from oms.heads.keys import is_public
from oms.sessions.groups import first_error
from oms.verify.heads import Heads, gathered

NATS: Final = "nats"


def believed(config: Path | None, keys: list[str]) -> list[str]:
    """The public keys that are said, else those of the settings; Failure where there is none."""
    for one in keys:
        if not is_public(one):
            raise Failure(WRONG, "--public-key: must be a key that begins with ed25519:")
    found = keys or ([] if config is None else list(heads_of(config).public_key))
    if not found:
        raise Failure(WRONG, "whose heads? Say --public-key KEY, or -c FILE with [heads] public_key in it")
    return found


def heads(source: str, keys: list[str], config: Path | None, said: Said, api: str) -> Heads:
    """Those that were asked for; Failure where they cannot be had."""
    place, found = (
        (Path(source), heads_in_file(Path(source))) if source != NATS else _of_nats(config, said, api)
    )
    try:
        return gathered(place, found, keys)
    except UnreadableHeads as why:
        raise Failure(WRONG, f"heads: {why}") from None


def _of_nats(config: Path | None, said: Said, api: str) -> tuple[Path, Iterable[SignedHead]]:
    place = where(config, said)

    async def ask() -> list[bytes]:
        async with asking(place.options) as bridge:
            connection = await bridge.connection()
            return await read_heads(connection, prefix=place.prefix, api=api)

    try:
        lines = trio.run(ask)
    except* (Failure, BusError) as group:
        raise Failure(WRONG, f"heads: {first_error(group)}") from None
    return Path(STREAM), map(_head, lines)


def _head(line: bytes) -> SignedHead:
    try:
        return read(line)
    except BadHead as why:
        raise UnreadableHeads(f"{STREAM}: a message is no signed head: {why}") from None
