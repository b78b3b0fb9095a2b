"""Single sign-on: logins by identity providers (OpenID Connect, and GitHub by OAuth 2)."""
