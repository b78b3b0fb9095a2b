"""Who may see and use what, decided from values alone."""
