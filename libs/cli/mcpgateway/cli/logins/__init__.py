"""Logging in at a gateway by its authorization server, and the tokens that come of it."""
