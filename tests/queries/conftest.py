from collections.abc import Iterator
from pathlib import Path

import pytest

from .scene import Account


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """The account of the story, without quotes."""
    found = Account(tmp_path)
    yield found
    found.journal.close()
