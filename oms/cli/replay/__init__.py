"""`oms replay`: state, decisions and messages of then, out of the log (docs/cli.md)."""
