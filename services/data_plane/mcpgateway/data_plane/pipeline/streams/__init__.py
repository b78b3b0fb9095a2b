"""Event streams of legacy clients' sessions: what is sent on them, and sent again on request."""
