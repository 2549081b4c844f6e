"""NATS as the daemon sees it: connection, outbox, market data, micro service, durable commands."""
