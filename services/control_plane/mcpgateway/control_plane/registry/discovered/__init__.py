"""What discovery finds of upstreams, and what becomes of it."""
