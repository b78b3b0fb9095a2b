"""Who may do what in the registry: roles and rules as people keep them, and what follows."""
