"""NATS as the daemon sees it: the connection, the outbox, market data, the micro service, durable commands."""
