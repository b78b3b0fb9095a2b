"""Who calls, whether the token is taken here and now, and what the caller may reach."""
