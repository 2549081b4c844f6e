"""`oms log verify` from its words to its verdict: heads first, which are older than what is read then."""

from pathlib import Path
from typing import NamedTuple

from oms.cli.ending import WRONG, Failure
from oms.cli.log.places import Place
from oms.cli.log.verify import verify
from oms.cli.nats_options import Said


class Asked(NamedTuple):
    """What was typed."""

    account: str | None
    heads: str | None  # a file, or "nats"
    public_keys: list[str]
    said: Said  # of NATS
    js_prefix: str
    deep: bool
    json: bool


def verifying(place: Place, config: Path | None, asked: Asked) -> int:
    """The exit code; Failure where the heads that were asked for cannot be had."""
    if asked.heads is None:
        if asked.public_keys:
            raise Failure(WRONG, "--public-key goes with --heads")
        return verify(place, asked.account, None, deep=asked.deep, json=asked.json)
    from oms.cli.log.heads import believed, heads

    keys = believed(config, asked.public_keys)
    found = heads(asked.heads, keys, config, asked.said, asked.js_prefix)
    return verify(place, asked.account, found, deep=asked.deep, json=asked.json)
