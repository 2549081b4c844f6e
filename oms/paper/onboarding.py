"""Accounts that clients open for themselves (docs/protocol.md 4.12)."""

from decimal import Decimal
from random import Random
from typing import Final

from protocol.enums import MarginMode, Retcode
from protocol.records.onboarding import Opening, OpenResult

from .catalog import currency_digits
from .model import Account, Moment
from .settings import DemoSettings
from .venue import Venue

CURRENCIES: Final = ("USD", "EUR", "JPY", "GBP", "CHF")
DISABLED: Final = 1025  # docs/protocol.md 4.12
MOST_ACCOUNTS: Final = 1000  # opened by clients of one run; then no more
MOST_MONEY: Final = 10**12
MOST_LEVERAGE: Final = 10_000


class Onboarding:
    """Opens accounts as the settings say, and as the name of the group asks for.

    A currency's three letters in the name choose the currency, `net` or `hedg` the margin mode.
    """

    def __init__(self, venue: Venue, settings: DemoSettings, random: Random) -> None:
        self._venue = venue
        self._settings = settings
        self._random = random
        self._opened = 0

    def open(self, moment: Moment, opening: Opening) -> OpenResult:
        """The account with its first deposit, or a code."""
        if not self._settings.enabled or self._opened >= MOST_ACCOUNTS:
            return OpenResult(DISABLED)
        if not 0 <= opening.deposit <= MOST_MONEY or opening.leverage > MOST_LEVERAGE:
            return OpenResult(Retcode.INVALID)
        account = self._account(opening)
        self._venue.open_account(moment, account)
        self._opened += 1
        return OpenResult(0, account.login, account.password, account.investor_password)

    def _account(self, opening: Opening) -> Account:
        settings, group = self._settings, opening.group.lower()
        currency = next((name for name in CURRENCIES if name.lower() in group), settings.currency)
        password, investor_password = (self._random.randbytes(4).hex() for _ in range(2))
        digits = currency_digits(currency)
        return Account(
            login=max(settings.first_login - 1, *self._venue.accounts) + 1,
            name=opening.name,
            currency=currency,
            digits=digits,
            margin_mode=self._margin_mode(group),
            leverage=opening.leverage or settings.leverage,
            password=password,
            investor_password=investor_password,
            balance=round(Decimal(repr(opening.deposit)) or settings.balance, digits),
        )

    def _margin_mode(self, group: str) -> MarginMode:
        netting = "net" in group or ("hedg" not in group and self._settings.margin_mode == "netting")
        return MarginMode.RETAIL_NETTING if netting else MarginMode.RETAIL_HEDGING
