"""`oms reconcile`: books and venue compared now, by an operator (docs/cli.md)."""
