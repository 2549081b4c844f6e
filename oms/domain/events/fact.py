"""What every event is: a frozen value with a stored tag.

The tag is the event's type in the journal and in NATS subjects.  Classes may be renamed, tags may not; a
change of the fields is a new version (`versions`).
"""

import msgspec


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event"):
    """Something that happened.  Never edited, only superseded by a later event."""
