"""Lines to clients on which answers come as messages, not as responses to their requests."""
