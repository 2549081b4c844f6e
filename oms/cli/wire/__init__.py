"""`oms wire`: the protocol's layouts as JSON lines (docs/protocol.md 12)."""
