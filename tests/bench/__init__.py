"""Benchmarks: every figure beside a reference, in one run, rounds interleaved (docs/design.md)."""
