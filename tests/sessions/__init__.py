"""The venue as the daemon sees it, against the paper venue and against gateways that misbehave."""
