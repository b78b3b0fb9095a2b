"""What an answer goes into, for each kind of client."""
