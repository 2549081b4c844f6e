"""A plain fuzzer of the wire: `python -m tests.fuzz [--seconds N] [--seed S]`."""
