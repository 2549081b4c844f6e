"""Symbols chosen by names and masks."""

import pytest

from oms.sessions.watching import chosen
from protocol.records.symbols import Symbol

LIST = [
    Symbol(trade_symbol=name, symbol_id=number, symbol_path=f"{path}\\{name}")
    for number, (name, path) in enumerate(
        [("EURUSD", "Forex\\Majors"), ("USDZAR", "Forex\\Exotic"), ("XAUUSD", "Metals"), ("US500", "Indices")]
    )
]


@pytest.mark.parametrize(
    ("patterns", "needed", "names", "unknown"),
    [
        ([], [], ["EURUSD", "USDZAR", "XAUUSD", "US500"], []),
        (["XAUUSD", "EURUSD"], [], ["EURUSD", "XAUUSD"], []),
        (["Forex\\*"], [], ["EURUSD", "USDZAR"], []),
        (["Forex\\*,!*ZAR", "US500"], [], ["EURUSD", "US500"], []),
        (["EURUSD", "EURGBP", "Crypto\\*"], [], ["EURUSD"], ["EURGBP", "Crypto\\*"]),
        (["EURUSD"], ["US500", "GONE"], ["EURUSD", "US500"], ["GONE"]),
        (["EURUSD"], ["EURUSD"], ["EURUSD"], []),
    ],
)
def test_symbols_by_name_and_by_mask(
    patterns: list[str], needed: list[str], names: list[str], unknown: list[str]
) -> None:
    found = chosen(LIST, patterns, needed)
    assert [symbol.trade_symbol for symbol in found.symbols] == names
    assert found.unknown == unknown
