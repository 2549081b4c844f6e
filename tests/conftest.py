"""The order of the tests: what takes longest begins first, so that no processor waits for it at the end."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = [
    HERE / name
    for name in (
        "crash/test_soak.py",
        "bus/test_outages.py",
        "simulation/test_simulation.py",
        "flows/test_many.py",
        "test_replay.py",
        "flows/test_outages.py",
        "projections/test_reference.py",
        "flows/test_trading_cli.py",
        "flows/test_canaries.py",
        "machines/test_venue_machine.py",
    )
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files keep their place but for the longest."""
    items.sort(key=lambda item: LONGEST.index(item.path) if item.path in LONGEST else len(LONGEST))


def pytest_configure() -> None:
    """A file that was renamed would be a slow end that nobody sees."""
    missing = [str(path) for path in LONGEST if not path.is_file()]
    if missing:
        raise pytest.UsageError(f"no such files: {', '.join(missing)}")
