"""`oms halt | reduce | resume | panic`: what an account may do, by an operator (docs/cli.md)."""
