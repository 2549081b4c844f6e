"""What deciding needs of the venue first: a symbol's specification of this session, and a quote."""

from contextlib import suppress
from typing import Final

import trio

from oms.domain.commands import Submit, Verb
from oms.eventlog.errors import FileError
from oms.ingest.account import Account
from oms.projections.facts import symbol_of
from oms.sessions.outage import Outage
from protocol.errors import LocalProtocolError

QUOTE_S: Final = 2.0  # for the first quote of a symbol that was not watched


def lacks(account: Account, verb: Verb) -> str:
    """The symbol whose specification of this session, or whose first quote, deciding has to wait for."""
    symbol = symbol_of(verb, account.recorder.books)
    talk = account.conversation
    if symbol is None or talk is None or not talk.ready or not account.connected:
        return ""
    specified = symbol in talk.watching.specified
    quoted = not isinstance(verb, Submit) or account.feed.board.has(symbol)
    return symbol if talk.watching.lists(symbol) and not (specified and quoted) else ""


async def prepare(account: Account, verb: Verb) -> None:
    """Ask for what deciding needs and is not here yet; the decision finds what is still missing."""
    symbol, talk = lacks(account, verb), account.conversation
    if not symbol or talk is None:
        return
    if symbol not in talk.watching.specified:
        with suppress(Outage, LocalProtocolError, FileError):
            await account.specification(symbol, data=False)
    if isinstance(verb, Submit) and not account.feed.board.has(symbol):
        talk.watching.want(symbol)
        with trio.move_on_after(QUOTE_S):
            while not account.feed.board.has(symbol):  # noqa: ASYNC110 - ticks wake nobody
                await trio.sleep(0.01)
