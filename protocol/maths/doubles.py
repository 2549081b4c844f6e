"""Division of doubles that never raises.

The official client computes in IEEE doubles, where x / 0 is a value.  Python raises instead, so every
division whose divisor comes from the wire goes through `divide`.
"""

import math
import sys

MAX_DOUBLE = sys.float_info.max


def divide(numerator: float, denominator: float) -> float:
    """The IEEE quotient: x / 0 is inf with the sign of both, 0 / 0 is nan (docs/protocol.md 7)."""
    if denominator:
        return numerator / denominator
    if numerator == 0 or math.isnan(numerator):
        return math.nan
    return math.copysign(1.0, numerator) * math.copysign(math.inf, denominator)
