"""`oms watch`: sessions, quotes, positions, orders, profit, as they change (docs/cli.md)."""
