"""A head, signed: what stands in the stream OMS_HEAD and in a file of heads, a line each.

Canonical JSON.  Signed is that of all other fields, behind "oms head\\n": anybody with an Ed25519 of his own
can check it.
"""

from collections.abc import Collection
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import asdict

from oms.eventlog.canonical import canonical

from .keys import SigningKey, is_signed

VERSION: Final = 1
PURPOSE: Final = b"oms head\n"  # a signature for one thing is none for another
LONGEST: Final = 4096  # bytes of one; more is none of ours

Count = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]  # as canonical JSON has them; no event has the seq 0


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a journal stood, and what it came to."""

    account: str
    epoch: str  # of the journal
    seq: Count
    hash: str  # of the chain there, in hex
    state_hash: str  # of the books behind that event, in hex
    state_version: Count  # of what that hash is made of
    signed_at: str  # UTC, RFC 3339
    version: Count = VERSION


class SignedHead(Head, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A head, whose key signed it, and the signature."""

    key: str  # the public one
    signature: str

    def is_signed_by(self, keys: Collection[str]) -> bool:
        """Whether one of these keys signed it, as it stands here."""
        return self.key in keys and is_signed(self.key, self.signature, _signed(asdict(self)))


class BadHead(ValueError):
    """Bytes that are no head."""


def signed(head: Head, key: SigningKey) -> bytes:
    """The head with its signature, as it is kept."""
    fields = {**asdict(head), "key": key.public}
    return canonical({**fields, "signature": key.sign(_signed(fields))})


def read(line: bytes) -> SignedHead:
    """What `signed` gave, whether the signature is right or not.  Raises BadHead."""
    if len(line) > LONGEST:
        raise BadHead(f"is longer than {LONGEST} bytes")
    try:
        return msgspec.json.decode(line, type=SignedHead)
    except (msgspec.MsgspecError, ValueError) as why:
        raise BadHead(str(why)) from None


def _signed(fields: dict[str, Any]) -> bytes:
    return PURPOSE + canonical({name: value for name, value in fields.items() if name != "signature"})
