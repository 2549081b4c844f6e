"""`oms trade`: trade commands to a running daemon, over NATS (docs/cli.md, docs/commands.md)."""
