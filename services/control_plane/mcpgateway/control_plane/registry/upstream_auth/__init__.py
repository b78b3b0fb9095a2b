"""As whom upstreams are called: tokens for all callers or for each, and how they are got."""
