"""What the rules look at: a command, what it names, and the request that it comes to."""

from decimal import Decimal
from typing import Literal

import msgspec

from ..commands import Modify, Submit, Verb
from ..intent import Intent
from ..records import SymbolRecord
from ..words import OPPOSITE
from .build import build
from .facts import Facts
from .in_flight import on_its_way
from .naming import Named, find

NEGATIVE_PRICES = 8  # tick_flags (docs/protocol.md 4.5)

# What a command needs of the account.  `risk`: it adds some.  `change`: no new volume, but other prices or
# stops of what is there.  `reduce`: it can only take risk away, and needs no more than the session.
Need = Literal["risk", "change", "reduce"]


class Case(msgspec.Struct, frozen=True, gc=False):
    """A command beside the facts."""

    verb: Verb
    facts: Facts
    named: Named
    intent: Intent | None  # None: it cannot be made, and a rule says why
    need: Need
    bid: Decimal | None  # None: not quoted
    ask: Decimal | None

    @property
    def symbol(self) -> SymbolRecord | None:
        """The specification of the symbol."""
        return self.facts.symbol

    def field(self, name: str) -> str | None:
        """The field's name, if the verb has it: only what the user can write is named."""
        return name if name in self.verb.__struct_fields__ else None


def case_of(verb: Verb, facts: Facts) -> Case:
    """Look up, resolve, build."""
    named = find(verb, facts)
    bid, ask = _usable(facts)
    intent = build(verb, facts, named, bid, ask) if figures_fit(verb) else None
    return Case(verb, facts, named, intent, _need(verb, facts, named), bid, ask)


def _usable(facts: Facts) -> tuple[Decimal | None, Decimal | None]:
    """Bid and ask, None where there is none: a price of 0 is none unless prices may be negative."""
    quote = facts.quote
    if quote is None:
        return None, None
    signed = facts.symbol is not None and facts.symbol.tick_flags & NEGATIVE_PRICES
    bid, ask = quote.bid, quote.ask
    if not signed:
        bid = bid if bid is not None and bid > 0 else None
        ask = ask if ask is not None and ask > 0 else None
    return bid, ask


def _need(verb: Verb, facts: Facts, named: Named) -> Need:
    """A submit adds risk, unless all of it goes against a netted position.

    What is on its way to the same side counts as done: together they must not open the other side.  A
    pending order adds risk always, for it may outlive the position.
    """
    match verb:
        case Submit(type="market") if named.position is not None and facts.symbol is not None:
            position, volume = named.position, verb.volume
            if position.side != OPPOSITE[verb.side] or not volume.is_finite() or volume <= 0:
                return "risk"
            moving = on_its_way(facts, facts.symbol.symbol, verb.side)
            return "reduce" if volume + moving <= position.volume else "risk"
        case Submit():
            return "risk"
        case Modify():
            return "change"
    return "reduce"


LARGEST = 20  # digits before the point that any figure has


def figures_fit(verb: Verb) -> bool:
    """Whether every figure is finite, and of a size that prices and volumes have."""
    for name in verb.__struct_fields__:
        value = getattr(verb, name)
        if type(value) is Decimal and not fits(value):
            return False
    return True


def fits(value: object) -> bool:
    """Whether a value, if it is a decimal, can be reckoned with."""
    return not isinstance(value, Decimal) or (value.is_finite() and value.adjusted() < LARGEST)
