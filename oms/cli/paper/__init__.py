"""`oms paper`: a broker to rehearse with, on this machine (docs/rehearse.md)."""
