"""The gateway's own OAuth 2.1 authorization server: what it decides, and what it asks of others."""
