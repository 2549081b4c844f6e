"""From a venue's messages to the log: one account's conversation, and the market data of all."""
