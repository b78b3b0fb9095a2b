"""/auth/sso: logging in by identity providers, and what administrators decide of it."""
