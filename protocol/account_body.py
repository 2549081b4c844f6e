"""The account body of answer 3, also push 14: parts that end where the bytes do (docs/protocol.md 4.2).

The quirk.  The official reader does not step over the count of overrides when it is 0, so that those four
bytes are read again as trade_flags.  A gateway therefore sends at least one override, or no trade_flags of
its own; this codec does the same in both directions.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any

import msgspec

from .bodies import COUNT, Reader, dump_under, pack_number, write_counted, write_records
from .drift import Drift, Told, drift_of, in_list, under
from .errors import LocalProtocolError
from .records.account import (
    ACCOUNT_MAIN,
    COMMISSION,
    COMMISSION_TIER,
    LEVERAGE_RULE,
    LEVERAGE_TIER,
    TRADE_SETTINGS,
    AccountMain,
    Commission,
    LeverageRule,
    TradeSettings,
)

I32, U64 = Struct("<i"), Struct("<Q")
NO_OVERRIDE = frozenset({2**32 - 1, 2**31 - 1})  # docs/protocol.md 7.6, for the fields with listed values


class Account(msgspec.Struct, frozen=True):
    """An account.  A part that the body ended before is None, as are all behind it."""

    main: AccountMain = AccountMain()
    trade_settings: list[TradeSettings] | None = None
    trade_flags: int | None = None
    symbols_count: int | None = None
    leverage_flags: int | None = None
    leverage_rules: list[LeverageRule] | None = None
    commissions: list[Commission] | None = None


class AccountBody:
    """Answer 3, push 14."""

    value_type: Any = Account

    def decode(self, body: bytes) -> tuple[Account, Drift]:
        """The account; bytes behind the last part are unread."""
        reader = Reader(body)
        main = reader.record("main", ACCOUNT_MAIN)
        account = Account(main, *self._parts(reader))
        return account, drift_of(self._told(account), reader.left)

    def encode(self, value: Account) -> bytes:
        """The bytes up to the first part that is None; no overrides with flags of their own are an error."""
        written = [dump_under("main", ACCOUNT_MAIN, value.main)]
        if value.trade_settings is None:
            return written[0]
        written.append(write_counted("trade_settings", TRADE_SETTINGS, value.trade_settings))
        if value.trade_flags is None:
            return b"".join(written)
        if value.trade_settings:
            written.append(pack_number("trade_flags", I32, value.trade_flags))
        elif value.trade_flags != 0:
            raise LocalProtocolError(
                "trade_flags: without overrides the zero count is read again as trade_flags, so they are 0",
                field="trade_flags",
            )
        for name, code in (("symbols_count", I32), ("leverage_flags", U64)):
            if (number := getattr(value, name)) is None:
                return b"".join(written)
            written.append(pack_number(name, code, number))
        if value.leverage_rules is None:
            return b"".join(written)
        written.append(_rules(value.leverage_rules))
        if value.commissions is not None:
            written.append(_commissions(value.commissions))
        return b"".join(written)

    @staticmethod
    def _parts(reader: Reader) -> Iterator[Any]:
        if not reader.left:
            return
        overrides = reader.counted("trade_settings", TRADE_SETTINGS)
        yield overrides
        if not overrides:
            reader.at -= COUNT.size  # the quirk
        for name, code in (("trade_flags", I32), ("symbols_count", I32), ("leverage_flags", U64)):
            if not reader.left:
                return
            yield reader.number(name, code)
        if not reader.left:
            return
        count = max(0, reader.number("leverage_rules", I32, " count"))  # a negative one is read as none
        reader.credible("leverage_rules", count, LEVERAGE_RULE.size)
        yield [_read_rule(reader, f"leverage_rules[{number}]") for number in range(count)]
        if not reader.left:
            return
        count = reader.number("commissions", what=" count")
        reader.credible("commissions", count, COMMISSION.size)
        yield [_read_commission(reader, f"commissions[{number}]") for number in range(count)]

    @staticmethod
    def _told(account: Account) -> Iterator[Told]:
        yield from under("main", ACCOUNT_MAIN.drift(account.main))
        for number, override in enumerate(account.trade_settings or ()):
            yield from under(f"trade_settings[{number}]", TRADE_SETTINGS.drift(override, NO_OVERRIDE))
        yield from in_list("leverage_rules", LEVERAGE_RULE, account.leverage_rules or ())


def _read_rule(reader: Reader, path: str) -> LeverageRule:
    rule = reader.record(path, LEVERAGE_RULE)
    tiers = reader.records(f"{path}.tiers", LEVERAGE_TIER, max(0, rule.tier_count))
    return msgspec.structs.replace(rule, tiers=tiers)


def _read_commission(reader: Reader, path: str) -> Commission:
    commission = reader.record(path, COMMISSION)
    return msgspec.structs.replace(commission, tiers=reader.counted(f"{path}.tiers", COMMISSION_TIER))


def _rules(rules: list[LeverageRule]) -> bytes:
    written = [COUNT.pack(len(rules))]
    for number, rule in enumerate(rules):
        path = f"leverage_rules[{number}]"
        written.append(dump_under(path, LEVERAGE_RULE, rule, tier_count=len(rule.tiers)))
        written.append(write_records(f"{path}.tiers", LEVERAGE_TIER, rule.tiers))
    return b"".join(written)


def _commissions(commissions: list[Commission]) -> bytes:
    written = [COUNT.pack(len(commissions))]
    for number, commission in enumerate(commissions):
        path = f"commissions[{number}]"
        written.append(dump_under(path, COMMISSION, commission))
        written.append(write_counted(f"{path}.tiers", COMMISSION_TIER, commission.tiers))
    return b"".join(written)
