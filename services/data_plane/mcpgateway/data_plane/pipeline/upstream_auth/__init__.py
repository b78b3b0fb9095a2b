"""As whom an upstream is called, and what it is told of the caller."""
