"""SQL of who may call and what they may do."""
