"""`oms doctor`: whether everything that a daemon needs is there (docs/cli.md)."""
