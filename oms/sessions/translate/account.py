"""The account body (docs/protocol.md 4.2) as terms and money."""

from oms.domain.observations import AccountSeen, MoneySeen, Observation
from oms.domain.records import AccountRecord
from protocol.account_body import Account
from protocol.enums import AccountType, MarginFreeMode, MarginMode, Rights, StopOutMode
from protocol.records.account import ACCOUNT_MAIN, AccountMain

from .reading import Reading, Terms

HOUR = 3600
NO_TRADING = Rights.TRADE_DISABLED | Rights.INVESTOR | Rights.READ_ONLY


def offset_of(main: AccountMain) -> int:
    """Seconds that the server's clock is ahead of UTC, summer time in it (docs/protocol.md 6.9)."""
    return main.timezone_shift + HOUR * main.daylightmode


def terms_of(account: Account) -> Terms:
    """What the account's records are read by from now on."""
    return Terms(offset_of(account.main), min(account.main.currency_digits, 8))


def account(body: Account) -> list[Observation]:
    """Terms, then money."""
    main, terms = body.main, terms_of(body)
    reading = Reading(terms, "account", lambda: ACCOUNT_MAIN.dump(main))
    record = AccountRecord(
        type=reading.word("type", AccountType, main.account_type),
        name=reading.text("name", main.account_name),
        server=reading.text("server", main.server_name),
        company=reading.text("company", main.company),
        build=main.server_build,
        currency=reading.text("currency", main.account_currency),
        digits=reading.digits("digits", main.currency_digits),
        leverage=main.margin_leverage,
        margin_mode=reading.word("margin_mode", MarginMode, main.margin_mode),
        margin_free_mode=reading.word("margin_free_mode", MarginFreeMode, main.margin_free_mode),
        margin_free_profit_mode=main.margin_free_profit_mode,
        stop_out_mode=reading.word("stop_out_mode", StopOutMode, main.margin_so_mode),
        stop_out_call=reading.number("stop_out_call", main.margin_so_call),
        stop_out_level=reading.number("stop_out_level", main.margin_so_so),
        rights=main.rights,
        trade_allowed=not main.rights & NO_TRADING,
        investor=bool(main.rights & Rights.INVESTOR),
        utc_offset=terms.offset,
        trade_flags=body.trade_flags or 0,
    )
    if not terms.writable:
        reading.odd("bad_offset", "utc_offset", terms.offset)
    found = reading.anomalies()
    balance = Reading(terms, "account", lambda: ACCOUNT_MAIN.dump(main))
    money = MoneySeen(
        balance.money("balance", main.balance),
        balance.money("credit", main.credit),
        "account",
        balance.anomalies(),
    )
    return [AccountSeen(record, found), money]
