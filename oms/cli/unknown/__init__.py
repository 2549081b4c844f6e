"""`oms unknown list | settle`: commands of which nobody knows what became of them (docs/cli.md)."""
