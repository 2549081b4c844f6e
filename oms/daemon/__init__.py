"""The daemon: every piece put together, started, stopped."""
