"""`oms log`: what the files of the log hold, read beside the daemon or without it (docs/cli.md)."""
