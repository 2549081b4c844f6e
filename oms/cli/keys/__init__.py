"""`oms keys`: the key that signs heads of the journals (docs/cli.md)."""
