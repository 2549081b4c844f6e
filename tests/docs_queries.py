"""docs/queries.md, written from the types of the queries and from replies of the code.

The meaning of a field is the comment behind its declaration; the example of a query is what an account of the
tests answers.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, get_type_hints

import msgspec
import trio

from oms.domain.categories import category_of, retry_of
from oms.domain.events.command import Reason
from oms.domain.records import DealRecord, SymbolRecord
from oms.projections.commands import Command
from oms.projections.rates import Conversion, Leg
from oms.queries import QUERIES, Listed
from oms.queries.candles import Candle
from oms.queries.condition import ClientRisk
from oms.queries.grouping import ClientTogether, SymbolTogether
from oms.queries.market import QuoteRow
from oms.queries.money import (
    Accrued,
    FloatingShown,
    PnlRow,
    PositionRow,
    RealisedShown,
    Unvalued,
)
from oms.queries.owners import Share
from oms.queries.refusal import CODES
from oms.queries.reply import Error, ErrorReply
from oms.queries.statement import BookedRow, ClientRow, DayRow, KindRow, MoneyShown, SymbolRow
from oms.queries.trades import OrderRow
from oms.queries.usage import Usage
from oms.queries.view import Breaker
from protocol.records.market import Rate
from tests.docs_fields import comments_of, laid_out, says, type_name
from tests.queries.scene import NOON, OFFSET, Account

HEAD: Final = """\
# Queries

What can be asked of an account, by request-reply on `oms.v1.query.<account>.<what>`. An empty payload is
`{}`. An account that nobody holds has no responder. Written from the types in `oms/queries`; do not edit.

**Formats.** JSON, or MessagePack of the same fields where the request has the header `Content-Type:
application/msgpack`. A reply comes in the request's format. *decimal* is a string such as `"0.10"`, exact,
without an exponent; market data are numbers; *ticket* is a string of digits; what is not known is null (`?`
= may be null). Times of records are RFC 3339 of the server's clock with the offset then in force, times of
quotes milliseconds of the server's clock since 1970. Fields may be added, never renamed.

**Strict.** A field that the query does not have, a key that is there twice, a number with a fraction, NaN,
text that is no Unicode: each is refused, and the refusal names the field. A request has at most 64 kB.

**Read your writes.** With `min_seq` a query is answered when that event is recorded. After 5 seconds
without it the error is `behind`, and its `seq` says how far the journal is.

**Time travel.** With `as_of`, a seq or an RFC 3339 time, the journal is folded up to there; `seq` in the
reply is the last event that is in it. Queries that need more than the journal do not have the field. Prices
of then are not known, so positions have no value. It takes as long as reading the journal; one at
a time, and after a minute, waiting included, the error is `busy`.

**Pages.** A list stops at `limit` rows, or earlier, so that no reply has more than 512 kB. Then `next` is
not null: ask again with it as `after`. (`rates`: `next_from` as `from`, `next_to` as `to`.)

**Windows.** `from` belongs to a window, `to` does not. Records know the server's wall clock alone; an RFC
3339 time becomes one with the offset that is in force now.

**Stale.** Replies are given from the books even when the venue is away; `stale` is then true.

**Margin.** `account` tells the margin of open positions and orders, what it leaves, and its level, by the
formulas of [protocol.md](protocol.md), 7.3 and 7.4. What cannot be known is null, and `margin_gaps`
says what, with the symbol or the ticket behind it:

| gap | what is missing |
| --- | --- |
| no_account, leverage_rules | the venue was not asked for the account yet |
| not_booked | the balance: the opening entry is not booked |
| margin_mode | exchange accounts have no figures |
| symbol_not_loaded, calc_mode, not_finite | the symbol's specification; a formula for it; a number in it |
| no_price, order_type | the price of a position or order; its type is none that is known |
| no_margin_rate | the venue's own margin rate of a position whose margin is in another currency |
| no_rate | a live quote, not older than 300 s, that leads from the margin's currency to the account's |
| range_mode | what a leverage rule measures by |
| unvalued | the profit of a position: `pnl` says why; the margin itself is there |
| as_of | prices of then |
| more | so many gaps more |

**Errors.** The reply is an [ErrorReply](#errorreply); over NATS its number and code are the headers
`Nats-Service-Error-Code` and `Nats-Service-Error`.

{errors}

The *category* says what kind of failure it is, *retry* whether asking again may help.
"""

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "orders": {"symbol": "EURUSD"},
    "positions": {"symbol": "EURUSD"},
    "account": {},
    "pnl": {},
    "statement": {"from": "2026-11-21"},
    "quotes": {"symbols": ["EURUSD", "XAUUSD"]},
    "symbols": {"symbol": "EURUSD"},
    "history": {"from": "2026-11-21 12:00:01", "to": "2026-11-21T10:00:02Z"},
    "deals": {"min_seq": 12, "limit": 1},
    "rates": {"symbol": "EURUSD", "timeframe": "H1", "from": "2026-11-21T08:00:00Z", "count": 2},
    "events": {"types": ["account.*", "ledger.opened"], "after": 2},
    "state": {"as_of": 6},
    "risk": {},
    "sessions": {},
    "commands": {"final": False},
}
NUMBERS: Final = {
    "bad_request": 400,
    "too_large": 400,
    "unknown_query": 404,
    "unknown_symbol": 404,
    "behind": 409,
    "unreadable": 500,
}
TYPES: Final[tuple[type[msgspec.Struct], ...]] = (
    *(OrderRow, DealRecord, PositionRow, QuoteRow, Candle, SymbolRecord, Listed),
    *(ClientRisk, Usage),
    *(PnlRow, FloatingShown, Unvalued, RealisedShown, Accrued, Conversion, Leg, Command, Reason),
    *(SymbolTogether, ClientTogether, Share),
    *(MoneyShown, BookedRow, KindRow, SymbolRow, ClientRow, DayRow),
    *(Breaker, ErrorReply, Error),
)


def render() -> str:
    """The document."""
    examples = trio.run(_examples)
    parts = [HEAD.replace("{errors}", _errors())]
    parts += [_query(what, examples[what]) for what in QUERIES]
    parts.append("## Types\n")
    parts += [
        f"### {kind.__name__}\n\n{says(kind)}\n\n{_table(kind, kind.__struct_fields__)}" for kind in TYPES
    ]
    return "\n".join(parts)


def _errors() -> str:
    """The table of errors."""
    rows = [
        f"| {NUMBERS.get(code, 503)} | {code} | {category_of(code)} | {retry_of(code)} | {meaning} |"
        for code, meaning in CODES.items()
    ]
    head = ["| number | code | category | retry | when |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


async def _examples() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        account = Account(Path(folder))
        account.quotes.put("EURUSD", 1.08101, 1.08103)
        account.quotes.put("USDJPY", 150.05, 150.07)
        hour = NOON + OFFSET
        account.venue.bars = [
            Rate(hour - 7200 + 3600 * n, 1.08, 1.082, 1.0795, 1.081, 1200 + n, 0.0) for n in range(3)
        ]
        found = {what: await account.ask(what, EXAMPLES[what]) for what in QUERIES}
        account.journal.close()
        return found


def _query(what: str, reply: Any) -> str:
    query = QUERIES[what]
    lines = [
        f"## {what}",
        "",
        says(query.request),
        "",
        _table(query.request, query.request.__struct_fields__),
        f"Reply: {says(query.reply)}",
        "",
        _table(query.reply, query.reply.__struct_fields__, replies=True),
        "Example:",
        "",
        f"```json\n{json.dumps(EXAMPLES[what])}\n```",
        "",
        f"```json\n{laid_out(reply)}\n```",
        "",
    ]
    return "\n".join(lines)


def _table(kind: type[msgspec.Struct], names: Sequence[str], *, replies: bool = False) -> str:
    hints, comments = get_type_hints(kind, include_extras=True), comments_of(kind)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    asked = not replies and kind.__name__.endswith("Request")
    rows = [
        f"| {fields[n].encode_name} | {type_name(hints[n])} |"
        + (f" {_default(fields[n])} |" if asked else "")
        + f" {comments.get(n, '')} |"
        for n in names
    ]
    head = "| field | type | default | meaning |" if asked else "| field | type | meaning |"
    return "\n".join([head, "| --- " * (4 if asked else 3) + "|", *rows, ""])


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    return "" if field.default is None else f"`{msgspec.json.encode(field.default).decode()}`"
