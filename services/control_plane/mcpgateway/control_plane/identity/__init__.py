"""Who calls: the first administrator, passwords, tokens, and the keys that verify them."""
