"""The command line: `oms`."""
