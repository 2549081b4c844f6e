"""The MetaTrader 5 web-terminal protocol, both roles, no I/O."""
