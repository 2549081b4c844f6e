"""The daemon as a user has it: processes of their own, joined by real sockets."""
