"""Commands on their way: taken in, decided, written down, sent, followed to their outcome."""
