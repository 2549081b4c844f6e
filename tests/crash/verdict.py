"""What the evidence comes to: everything that is there twice, missing, unknown, or different.

Each function gives one line for each thing that is wrong with an account; none is what should be.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import zip_longest
from struct import Struct
from typing import Any, Final

from .evidence import Evidence
from .venue_words import CLOSE_BY, OF_ITSELF, fills, mine, picture_at_venue, picture_in_books

MARKER: Final = re.compile(r"~[A-Z2-7]{10}$")  # docs/semantics.md 8
TRADE: Final = 12
ACTION_ID: Final = Struct("<I")  # a trade request begins with it (docs/protocol.md 4.7)
ASKS_PRICES: Final = "request_prices"
ORDERING: Final = ("submit", "close")  # verbs whose proof is deals, and whose orders carry a marker
# Denied with these, a command has not used its id up (docs/commands.md).
PASSING: Final = frozenset({"busy", "not_recorded", "reconciling", "stopping", "venue_unavailable"})
WORKING: Final = "working"
WORKING_BECOMES: Final = (WORKING, "partially_filled", "filled", "canceled", "expired", "rejected")
OVER: Final = ("status", "order", "filled", "deals")  # what of a final reply never changes
Key = tuple[str, str]  # client, command
Row = dict[str, Any]


def events(one: Evidence) -> list[Row]:
    """The journal's envelopes."""
    return [json.loads(row.body) for row in one.journal]


def duplicates(one: Evidence) -> Iterator[str]:
    """Orders, requests, commands, deals that are there more often than once; orders that nobody asked for."""
    told, rows = events(one), mine(one.truth, one.login)
    sent = defaultdict(list)
    for event in told:
        data = event["data"]
        if event["type"] == "command.sending" and data["action"] != ASKS_PRICES:
            sent[data["client"], data["command"]].append(data)
    for key, intents in sent.items():
        if len(intents) > 1:
            yield f"{key}: intended {len(intents)} times"
    owners = {data["marker"]: key for key, intents in sent.items() for data in intents if data["marker"]}
    made: Counter[str] = Counter()
    pairs = Counter(_pair(data) for intents in sent.values() for data in intents if data["position_by"])
    joined: dict[int, set[str]] = defaultdict(set)  # order -> positions that its deals closed
    for deal in rows["deals"]:
        joined[deal["trade_order"]].add(str(deal["position_id"]))
    for order in rows["orders"]:
        marker = MARKER.search(order["comment"])
        if marker is not None:
            made[marker[0]] += 1
            if marker[0] not in owners:
                yield f"order {order['trade_order']}: no command has the marker {marker[0]}"
        elif order["order_type"] == CLOSE_BY:
            pairs[frozenset(joined[order["trade_order"]])] -= 1
        elif order["type_reason"] not in OF_ITSELF:
            yield f"order {order['trade_order']}: nobody's"
    yield from (f"positions {sorted(pair)}: closed unasked" for pair, left in pairs.items() if left < 0)
    yield from (f"marker {marker}: {count} orders" for marker, count in made.items() if count > 1)
    arrived = Counter(
        ACTION_ID.unpack_from(bytes.fromhex(request["hex"]))[0]
        for request in rows["requests"]
        if request["command"] == TRADE
    )
    yield from (f"request {number}: sent {count} times" for number, count in arrived.items() if count > 1)
    received = Counter(_key(event) for event in told if event["type"] == "command.received")
    yield from (f"{key}: received {count} times" for key, count in received.items() if count > 1)
    for command in one.asked:
        for reply in command.contradicted:
            if not _passing(reply):
                yield f"{command.id}: with another payload {reply['status']}"
    booked = Counter(event["data"]["deal"] for event in told if event["type"] == "deal.booked")
    yield from (f"deal {deal}: booked {count} times" for deal, count in booked.items() if count > 1)


def lost(one: Evidence) -> Iterator[str]:
    """What was acknowledged, or is at the venue, and is not in the log; a log that is not whole."""
    link = bytes(32)
    for place, row in enumerate(one.journal, 1):
        link = sha256(link + row.body).digest()
        if (row.seq, row.hash, json.loads(row.body)["seq"]) != (place, link, place):
            yield f"journal: seq {row.seq} at place {place} is not what the chain says"
            break
    told, rows = events(one), mine(one.truth, one.login)
    booked = {event["data"]["deal"] for event in told if event["type"] == "deal.booked"}
    orders = {event["data"]["order"] for event in told if event["type"].startswith("order.")}
    received = {_key(event) for event in told if event["type"] == "command.received"}
    for deal in rows["deals"]:
        if str(deal["deal"]) not in booked:
            yield f"deal {deal['deal']}: at the venue and not in the log"
    for order in rows["orders"]:
        if str(order["trade_order"]) not in orders:
            yield f"order {order['trade_order']}: at the venue and not in the log"
    for command in one.asked:
        key = command.client, command.id
        replies = [reply for reply in command.replies if not _passing(reply)]
        if replies and key not in received:
            yield f"{key}: answered {replies[0]['status']} and not in the log"
        if command.kept and key not in received:
            yield f"{key}: acknowledged by the queue and not in the log"
        if any((reply["seq"] or 0) > len(one.journal) for reply in command.replies):
            yield f"{key}: answered from a seq behind the end of the log"


def unknown_left(one: Evidence) -> Iterator[str]:
    """Commands of which the log does not say what became of them."""
    yield from (
        f"{key}: {status}" for key, (status, final) in sorted(statuses(events(one)).items()) if not final
    )


def stream_gaps(one: Evidence) -> Iterator[str]:
    """Where the stream is not the journal, message by message."""
    for place, (row, message) in enumerate(zip_longest(one.journal, one.stream), 1):
        if row != message:
            yield f"stream: sequence {place} is not seq {place} of the journal"


def state_differences(one: Evidence) -> Iterator[str]:
    """Where the daemon tells something else than the venue, or than it told before."""
    books, venue = picture_in_books(one.books), picture_at_venue(one.truth, one.login)
    for name in sorted(books.keys() | venue.keys()):
        if books.get(name) != venue.get(name):
            yield f"{name}: books {books.get(name)}, venue {venue.get(name)}"
    rows = mine(one.truth, one.login)
    dealt = fills(rows["deals"])
    log = statuses(events(one))
    marked = {
        found[0]: str(order["trade_order"])
        for order in rows["orders"]
        if (found := MARKER.search(order["comment"]))
    }
    markers = {
        _key(event): event["data"]["marker"] for event in events(one) if event["type"] == "command.sending"
    }
    for command in one.asked:
        key = command.client, command.id
        last = one.last.get(f"{one.account}/{command.client}/{command.id}")
        if last is None:
            continue
        if key in log and last["status"] != log[key][0]:
            yield f"{key}: told {last['status']}, logged {log[key][0]}"
        for reply in command.replies:
            if reply["final"] and not _passing(reply) and not _becomes(reply, last):
                yield f"{key}: told {_gist(reply)}, then {_gist(last)}"
        if command.verb in ORDERING:
            order = marked.get(markers.get(key, ""))
            volume, deals = dealt.get(order or "", (0, frozenset()))
            told = last["filled"] or 0, frozenset(deal["deal"] for deal in last["deals"])
            if (float(told[0]), told[1]) != (float(volume), deals):
                yield f"{key}: told {told}, dealt {(volume, deals)}"


def statuses(told: Sequence[Row]) -> dict[Key, tuple[str, bool]]:
    """What the log says of each command, and whether that is its last word."""
    found: dict[Key, tuple[str, bool]] = {}
    for event in told:
        data = event["data"]
        match event["type"]:
            case "command.received":
                found[_key(event)] = "received", False
            case "command.denied":
                found[_key(event)] = "denied", True
            case "command.sending":
                found[_key(event)] = "sending", False
            case "command.unknown":
                found[_key(event)] = "unknown", False
            case "command.outcome":
                found[_key(event)] = data["status"], data["final"]
    return found


def _key(event: Mapping[str, Any]) -> Key:
    return event["data"]["client"], event["data"]["command"]


def _passing(reply: Row) -> bool:
    """It says nothing about what becomes of the command."""
    codes = {reason["code"] for reason in reply["reasons"]}
    return reply["status"] == "conflict" or (reply["status"] == "denied" and bool(codes & PASSING))


def _pair(intent: Row) -> frozenset[str]:
    return frozenset((intent["position"], intent["position_by"]))


def _becomes(reply: Row, last: Row) -> bool:
    """Whether a command of which the one was told may have come to the other."""
    if reply["status"] == WORKING:  # its command is over, its order goes on
        return bool(reply["order"] == last["order"] and last["status"] in WORKING_BECOMES)
    return _gist(reply) == _gist(last)


def _gist(reply: Row) -> tuple[Any, ...]:
    deals = sorted(deal["deal"] for deal in reply["deals"])
    return tuple(deals if name == "deals" else reply[name] for name in OVER)
