"""`oms explain`: why an order did what it did (docs/cli.md)."""
