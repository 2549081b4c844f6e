"""The whole of an account in one process: its daemon, its venue, its clients, and time, all from one seed.

Nothing is real but the code, SQLite and its files: time is Trio's mock clock, the network is memory, chance
is drawn from the seed, tasks are scheduled by it.  So a run is a function of its seed, and can be looked at
again: `python -m tests.simulation SEED`.
"""
