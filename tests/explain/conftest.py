"""One account's story for all."""

import pytest

from .scene import Told, traded


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return traded(tmp_path_factory.mktemp("explained"))
