"""Users and how they log in: passwords, sessions, lockout, resets, registration."""
