"""/rbac and /access: roles, rules, and why something is allowed or not."""
