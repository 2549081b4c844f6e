"""`oms config`: looking at a configuration before it is used (docs/configuration.md)."""
