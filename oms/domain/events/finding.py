"""Events of what was not as expected: of the wire (drift), of values and transitions (anomaly)."""

from .fact import Fact


class DriftSeen(Fact, frozen=True, tag="drift.seen"):
    """The wire held what the documents do not: unread bytes, unlisted values, unknown commands."""

    command: int
    field: str = ""
    value: str = ""
    unread: int = 0  # bytes
    count: int = 1  # since the last event of the same kind
    raw: str = ""  # base64, cut


class AnomalySeen(Fact, frozen=True, tag="anomaly.seen"):
    """A value that cannot be stored as it came, or a fact that contradicts another.  Nothing is dropped."""

    kind: str  # unlisted_value, lone_surrogate, not_finite, off_grid, bad_ticket, overfill, ...
    subject: str = ""  # what it is about: order 1023, deal 2045, ...
    symbol: str = ""
    field: str = ""
    value: str = ""
    raw: str = ""  # the record's bytes in base64, where there was one
