"""`oms report`: statements of days and periods (docs/cli.md)."""
