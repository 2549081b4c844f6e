"""The event-sourced order-management daemon for MetaTrader 5."""
