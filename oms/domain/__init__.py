"""Words and decisions of trading: values in, values out.

No clock, no I/O, no tasks, no randomness: time is an argument (docs/design.md 1).
"""
