"""`oms halt | reduce | resume | panic | reset`: what an account may do, by an operator (docs/cli.md)."""
