"""Commands as they come in and as they are answered: bytes to typed requests, outcomes to bytes."""

from .codes import CODES
from .identity import content, digest
from .reading import Unreadable, read
from .reply import DealShown, Outcome, encoded

__all__ = ["CODES", "DealShown", "Outcome", "Unreadable", "content", "digest", "encoded", "read"]
