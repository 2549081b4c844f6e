"""`oms run`: the daemon in production."""
