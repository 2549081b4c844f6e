"""Why a command could not be read: every code, and what it means (docs/commands.md)."""

from typing import Final

from oms.domain.codes import Code

TOO_LARGE: Final = "too_large"
NOT_JSON: Final = "not_json"
NOT_MESSAGEPACK: Final = "not_messagepack"
NOT_AN_OBJECT: Final = "not_an_object"
UNKNOWN_VERB: Final = "unknown_verb"
UNKNOWN_FIELD: Final = "unknown_field"
DUPLICATE_FIELD: Final = "duplicate_field"
MISSING_FIELD: Final = "missing_field"
BAD_VALUE: Final = "bad_value"
OUT_OF_RANGE: Final = "out_of_range"
CONFLICTING_FIELDS: Final = "conflicting_fields"
CLIENT_MISMATCH: Final = "client_mismatch"
CLIENT_REQUIRED: Final = "client_required"

# Where the venue refuses such a field too, the reason has its retcode: 10014 of a volume, 10015 of a price.
CODES: Final[dict[str, Code]] = {
    TOO_LARGE: Code("the payload has more than 64 kB"),
    NOT_JSON: Code("the payload is no JSON in UTF-8"),
    NOT_MESSAGEPACK: Code("the payload is no MessagePack, though its Content-Type says so"),
    NOT_AN_OBJECT: Code("the payload is something else than an object with text as keys"),
    UNKNOWN_VERB: Code("the subject names no verb"),
    UNKNOWN_FIELD: Code("the verb has no such field"),
    DUPLICATE_FIELD: Code("the field is there twice"),
    MISSING_FIELD: Code("the field is needed"),
    BAD_VALUE: Code("the value is not what the field takes; also NaN, an infinity, a double of MessagePack"),
    OUT_OF_RANGE: Code("a value of the right form that is too large, too small, too long or too exact"),
    CONFLICTING_FIELDS: Code("the field does not go with another one"),
    CLIENT_MISMATCH: Code("the client in the payload is not the one in the subject"),
    CLIENT_REQUIRED: Code("the subject must name the client, behind the verb"),
}
