"""What a command is restrained by, of several settings."""

from decimal import Decimal
from typing import Any

import pytest

from oms.domain.limits import AccountLimits, Limits
from oms.projections.restraint import Read, quote_age


@pytest.mark.parametrize(("account", "client", "wanted"), [
    (None, None, 10.0), ("5", None, 5.0), ("5", "3", 3.0), (None, "0", 0.0),
    ("60", None, 10.0), (None, "3600", 10.0),  # a limit makes nothing wider
])  # fmt: skip
def test_the_least_age_of_a_quote_counts(account: Any, client: Any, wanted: float) -> None:
    read = Read(
        AccountLimits(quote_age=account and Decimal(account)),
        {"desk": Limits(quote_age=client and Decimal(client)), "other": Limits(quote_age=Decimal(1))},
    )
    assert quote_age(read, "desk", 10.0) == wanted
