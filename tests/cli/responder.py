"""What answers as the daemon does, by docs/queries.md: nothing of ours is in it.

Run as a program with the URL of NATS, a prefix and the accounts, it says "ready", then each request it hears.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
from nats.micro import add_service
from nats.micro.request import Request

POSITION = {
    "position": "1023", "ticket": "1023", "symbol": "EURUSD", "side": "buy", "volume": "0.10",
    "price": "1.08002",
    "sl": "1.07500", "tp": None, "swap": "-0.12", "commission": None, "reason": None, "comment": "a\x1b[2Jb",
    "opened_at": "2026-11-21T12:00:01.000+02:00", "price_current": 1.08101, "profit": "9.90",
}  # fmt: skip
ORDERS = [
    {"order": str(1000 + number), "symbol": "EURUSD", "type": "buy_limit", "state": "placed",
     "volume": "0.10", "filled": "0.00", "remaining": "0.10", "price": "1.07000", "time_in_force": "gtc"}
    for number in range(3)
]  # fmt: skip
QUOTE = {"symbol": "EURUSD", "time": 1795262400123, "bid": 1.08101, "ask": 1.08103, "last": None,
         "volume": None, "delayed": False, "age": 0.25, "since_receipt": 0.2}  # fmt: skip
REPLIES: dict[str, dict[str, Any]] = {
    "positions": {"positions": [POSITION], "next": None, "stale": False},
    "account": {"login": "1001", "server": "Paper", "currency": "USD", "margin_mode": "retail_hedging",
                "leverage": 100, "balance": "10000.00", "credit": "0.00", "floating": "-9.78",
                "equity": "9990.22", "margin": "308.00", "margin_free": "9682.22",
                "margin_level": "3243.57792208", "state": "active", "stale": True},
    "pnl": {"currency": "USD",
            "floating": {"profit": "9.90", "swap": "-0.12", "total": "9.78", "incomplete": False,
                         "unvalued": [], "unvalued_count": 0},
            "realised": {"trades": 2, "gross": "5.00", "commission": "-1.00", "swap": "0.00", "fee": "0.00",
                         "net": "4.00"},
            "accrued": {"swap": "-0.12", "commission": "0.00"}, "positions": [POSITION], "next": None,
            "stale": False},
    "statement": {"currency": "USD", "from": "2026-11-20", "to": "2026-11-21", "booked": True,
                  "opening": {"balance": "1000.00", "credit": "0.00"},
                  "closing": {"balance": "1299.65", "credit": "5.00"},
                  "paid_in": "300.00", "paid_out": "0.00",
                  "trading": {"deals": 1, "net": "-0.35"}, "other": {"balance": "0.00", "credit": "5.00"},
                  "corrected": {"balance": "0.00", "credit": "0.00"}, "symbols": [],
                  "kinds": [{"type": "buy", "deals": 1, "volume": "0.10", "profit": "0.00",
                             "commission": "-0.35", "swap": "0.00", "fee": "0.00", "net": "-0.35"}],
                  "days": [{"day": "2026-11-20", "opening": {"balance": "1000.00", "credit": "0.00"},
                            "closing": {"balance": "1299.65", "credit": "5.00"}, "kinds": []}],
                  "next": None, "stale": False},
    "quotes": {"quotes": [QUOTE], "missing": ["CATS"], "next": None},
    "sessions": {"connected": True, "authenticated": True, "feed_live": True, "link": "ready",
                 "degraded": False, "breakers": {"closing": {"state": "closed", "failures": 0, "until": None},
                                                 "data": {"state": "open", "failures": 5, "until": None}},
                 "permission": "active", "state": "active", "reason": "", "since": None, "round_trip": 0.0123,
                 "reconnects": 2, "drift": {"unread": 3}, "last_error": "", "subscribed": 4,
                 "url": "ws://127.0.0.1:1/terminal"},
    "symbols": {"symbols": [], "listed": [{"symbol": "EURUSD", "path": "Forex\\EURUSD", "description": "Euro",
                                           "digits": 5, "calc_mode": 0}], "next": None},
    "commands": {"commands": [
        {"command": "7f3c", "client": "desk", "verb": "submit", "symbol": "EURUSD", "status": "denied",
         "final": True, "order": None, "volume": "0.10", "filled": None, "price": None,
         "reasons": [{"code": "market_closed", "message": "a"}, {"code": "no_quote\x1b", "message": "b"}]},
    ], "next": None, "stale": False},
}  # fmt: skip


def answer(account: str, what: str, request: dict[str, Any]) -> dict[str, Any]:
    """As the daemon of these accounts would; `orders` come a row a page."""
    head = {"account": account, "seq": 118}
    if account == "net" and what == "positions":
        error = {"code": "behind", "message": "999 is not recorded yet, 118 is", "field": "min_seq"}
        return head | {"error": error}
    if what == "orders":
        left = [one for one in ORDERS if int(one["order"]) > int(request.get("after", 0))]
        return head | {"orders": left[:1], "next": left[0]["order"] if left[1:] else None, "stale": False}
    return head | REPLIES[what]


async def respond(url: str, prefix: str, accounts: list[str]) -> None:
    client = await nats.connect(url, allow_reconnect=True, max_reconnect_attempts=-1)

    async def handle(request: Request) -> None:
        *_, account, what = request.subject.split(".")
        sys.stdout.write(f"{request.subject} {request.data.decode()}\n")
        sys.stdout.flush()
        reply = answer(account, what, json.loads(request.data or b"{}"))
        await request.respond(json.dumps(reply).encode())

    service = await add_service(client, name="oms", version="0.1.0")
    for account in accounts:
        await service.add_endpoint(
            name=f"query_{account}", subject=f"{prefix}.query.{account}.>", handler=handle
        )
        await service.add_endpoint(name=f"cmd_{account}", subject=f"{prefix}.cmd.{account}.>", handler=handle)
    await client.flush()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextmanager
def responder(url: str, heard: Path, *accounts: str, prefix: str = "oms.v1") -> Iterator[None]:
    """The program, running; what it says goes to a file."""
    with (
        heard.open("a") as out,
        subprocess.Popen(
            [sys.executable, __file__, url, prefix, *(accounts or ("hedge", "net"))], stdout=out
        ) as process,
    ):
        try:
            while "ready" not in heard.read_text():
                assert process.poll() is None
                time.sleep(0.02)
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(respond(sys.argv[1], sys.argv[2], sys.argv[3:]))
