"""`oms demo`: everything on one machine, to look at and to try."""
