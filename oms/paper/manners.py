"""How the gateway speaks where docs/protocol.md 10 leaves a question open: each answer is a switch."""

from typing import Annotated, Literal

import msgspec

Natural = Annotated[int, msgspec.Meta(ge=0)]
Word = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]

# What is told of a trade, in which order: the answer 12, pushes 10 (with 14), push 19.
Told = Literal["12 10 19", "12 19 10", "10 12 19", "10 19 12", "19 12 10", "19 10 12"]


class Manners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switches of the wire; the defaults are what most of the evidence says."""

    key_length: Literal[16, 24, 32] = 32  # of the session key (2)
    echo_prefix: bool = False  # answers begin with the prefix of their request
    server_word: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 5687  # first u16 of the bootstrap answer (1)
    result_word: Word = 0  # first u32 of push 19 (1)
    origin: str = ""  # the only Origin that is let in, "" = any (2)
    max_subscriptions: Natural = 0  # symbols of commands 7 and 22, the first ones count; 0 = no limit (3)
    told: Told = "12 10 19"  # of a trade that the session asked for (4)
    transactions: Literal["single", "batched"] = "single"  # records of a push 10; masks 0 and 1 mixed (4)
    permissions_flags: Word = 0  # of the account; 16 = show the risk warning (5)
    overrides: Literal["one", "zero"] = "one"  # of the account body: one that overrides nothing, or none (6)
    session_number: bool = True  # in the answer 28; without it 160 bytes (docs/protocol.md 4.1)
    unknown: Literal["empty", "close", "silence"] = "empty"  # commands that nobody knows: answered? (7)
    max_bars: Natural = 0  # of an answer 11, 0 = all (8)
    history_orders_by: Literal["setup", "done"] = "done"  # the time that command 5 selects by (11)
    history_deals_by: Literal["create", "update"] = "create"
    history_to: Literal["inclusive", "exclusive"] = "inclusive"  # whether its last second counts (8)
    # The end 0 (8): none, because clocks are set back, too, or the present; from 0 to 0 is always everything.
    history_to_zero: Literal["open", "now"] = "open"
    action_ids: Literal["any", "session", "account"] = "any"  # where one may be used once only: 10013 (12)
    compressed: Literal["gzip", "zlib"] = "gzip"  # answer 34 (docs/protocol.md 4.4)
    book: Literal["snapshot", "differences"] = "snapshot"  # pushes 23 behind the first (5.5)
    statistics_seconds: Natural = 1  # between pushes 17, 0 = none
