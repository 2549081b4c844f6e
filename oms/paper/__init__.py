"""A venue of our own: gateway, market, dealers, ledger.  Of ours it knows the wire and nothing else."""
