"""`oms state`: what a running daemon says of its accounts, over NATS (docs/cli.md)."""
