"""The daemon as a user has it: processes of their own, joined by real sockets."""

import pytest

# What looks at everything for the tests shall tell what it found.
pytest.register_assert_rewrite("tests.flows.trader", "tests.flows.desk")
