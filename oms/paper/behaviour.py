"""How this venue behaves where the documents leave a choice, as switches.

Each one says what the choice is and where it is left open; the defaults are what a broker's server most
likely does.  The settings file carries them as they are.
"""

from typing import Annotated, Literal

import msgspec

from protocol.enums import Reason, Retcode
from protocol.records.account import LeverageRule

Natural = Annotated[int, msgspec.Meta(ge=0)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
Ticket = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switches of the venue's trading."""

    # Where a refusal comes (docs/protocol.md 8): answer 12 carries it, or 12 is 0 and push 19 carries it.
    refuse_in: Literal["answer", "result"] = "result"
    results_to_all: bool = False  # push 19 to all sessions of the account (docs/protocol.md 10, 12)
    echo_filled: bool = False  # the echo of push 19 with price, ticket, filling as the server took them
    # Of push 19 (10, 10): the server's time, its milliseconds as far as 32 bits hold them.
    res_time: Literal["seconds", "milliseconds"] = "seconds"
    pending_code: Literal[10008, 10009] = 10009  # "19 10008 or 10009 with the ticket" (8)
    reason: Literal[0, 17] = 0  # what clients' orders and deals carry: Reason.CLIENT or WEB
    permission_code: Literal[8, 10017] = 10017  # for investors and read-only logins (6.8)
    check_market_stops: bool = True  # SL/TP of market and exchange deals too (7.7: the client does not)
    stop_limit_becomes_limit: bool = False  # an activated stop-limit changes its type, not only its mode
    stop_out_without_margin: bool = False  # trade_flags 128: hedged away, equity below zero (7.3)
    requote_chance: Share = 0.0  # of instant deals at a good price
    slippage_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = (
        0  # at most, against the trader, on market execution
    )
    dealer_delay_ms: Milliseconds = 0  # between answer 12 and the rest
    dealer_jitter_ms: Milliseconds = 0  # at most, added to the delay by chance
    default_price_timeout_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = (
        7  # of requotes and offers where the symbol says 0 (5.4)
    )
    max_orders: Natural = 0  # pending orders of an account, 0 = no limit: 10033
    max_positions: Natural = 0  # 0 = no limit: 10040
    commission: Literal["deal", "day"] = "deal"  # booked on each deal, or gathered for the end of the day
    first_order: Ticket = 1_000_001
    first_deal: Ticket = 5_000_001
    leverage_rules: tuple[LeverageRule, ...] = ()

    @property
    def client_reason(self) -> Reason:
        """The reason of what a client asked for."""
        return Reason(self.reason)

    @property
    def placed(self) -> Retcode:
        """The code of a pending order placed."""
        return Retcode(self.pending_code)
