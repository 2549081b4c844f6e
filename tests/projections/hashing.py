"""The state's hash, computed anew from the state that is shown, with the standard library alone."""

import json
from hashlib import sha256
from typing import Any

import msgspec

from oms.projections import Books


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def tally(entries: dict[Any, Any]) -> dict[str, Any]:
    hashes = (int(sha256(canonical(entry)).hexdigest(), 16) for entry in entries.items())
    return {"count": len(entries), "total": f"{sum(hashes) % 2**256:064x}"}


def state_hash(books: Books) -> str:
    """As docs/design.md 4 says."""
    plain = json.loads(msgspec.json.encode(books.state()))
    by_client = plain["commands"]
    commands = {(client, name): one for client, known in by_client.items() for name, one in known.items()}
    many = {"deals": plain["deals"], "orders": plain["orders"], "commands": commands, "days": plain["days"]}
    return sha256(canonical(plain | {name: tally(entries) for name, entries in many.items()})).hexdigest()
