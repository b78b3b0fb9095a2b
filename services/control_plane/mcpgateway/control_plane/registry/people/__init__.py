"""Users, what programs and providers have of them, and API tokens."""
