"""Kills the daemon again and again, and compares what is left: nothing here imports `oms` or `protocol`."""
