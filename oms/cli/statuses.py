"""What a command's status says: it worked, it did not, more is to come (docs/semantics.md 2, 3)."""

from typing import Final

WORKED: Final = frozenset({"filled", "partially_filled", "working", "done"})
UNDER_WAY: Final = frozenset({"received", "sending", "accepted"})
IN_VAIN: Final = frozenset({"denied", "rejected", "canceled", "expired", "conflict"})
UNKNOWN: Final = "unknown"
