"""What the types of the settings file let through and the venue cannot use, each with the key to blame."""

from collections.abc import Iterator, Mapping, Sequence
from sys import float_info
from typing import TYPE_CHECKING

from msgspec.structs import replace

from protocol.layout import Record
from protocol.records.account import LeverageRule

from .catalog import Instrument
from .contradictions import contradictions
from .fitness import misfits
from .specification import changed_spec
from .terms import NO_OVERRIDE, terms_of
from .toml_text import Key

if TYPE_CHECKING:
    from .settings import OverrideSettings, Settings

Objections = Iterator[tuple[Key, str]]


def objections(settings: "Settings", instruments: Mapping[str, Instrument]) -> Objections:
    """What is wrong, the first thing first."""
    for symbol in settings.feed.files:
        if symbol not in instruments:
            yield ("feed", "files", symbol), "there is no such symbol"
    yield from _records(("links",), settings.links)
    yield from _records(("spreads",), settings.spreads)
    rules = ("trading", "leverage_rules")
    yield from _records(rules, settings.trading.leverage_rules, float_info.max)  # which is an open end
    for index, rule in enumerate(settings.trading.leverage_rules):
        yield from (((*rules, index, *key), message) for key, message in _rates(rule))
    for index, account in enumerate(settings.accounts):
        place = ("accounts", index, "overrides")
        found = _overrides(account.overrides, instruments)
        yield from (((*place, *key), message) for key, message in found)
    for index, fault in enumerate(settings.faults):
        if fault.do == "spec":
            try:
                changed_spec(instruments, fault.symbol, fault.changes)
            except ValueError as why:
                field = "changes" if fault.symbol in instruments else "symbol"
                yield ("faults", index, field), str(why)


def _records(place: Key, records: Sequence[Record], largest: float | None = None) -> Objections:
    for index, record in enumerate(records):
        found = misfits(record) if largest is None else misfits(record, largest)
        yield from (((*place, index, *path), message) for path, message in found)


def _rates(rule: LeverageRule) -> Objections:
    """A rate below zero would make a margin below zero."""
    for index, tier in enumerate(rule.tiers):
        for field in ("margin_rate_initial", "margin_rate_maintenance"):
            if getattr(tier, field) < 0:
                yield ("tiers", index, field), "is below 0"


def _overrides(overrides: Sequence["OverrideSettings"], instruments: Mapping[str, Instrument]) -> Objections:
    """Every symbol must make sense by the overrides up to each one."""
    specs = {name: one.spec for name, one in instruments.items()}
    records = []
    for index, override in enumerate(overrides):
        try:
            records.append(replace(NO_OVERRIDE, **override.changes()))
        except ValueError as why:
            field, _, message = str(why).partition(": ")
            yield (index, field), message
            return
        for name, spec in terms_of(specs, records).items():
            if spec is not specs[name]:
                found = contradictions(replace(instruments[name], spec=spec))
                yield from (((index, field), f"{name}: {why}") for field, why in found)
