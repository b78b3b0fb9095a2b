"""The registry in PostgreSQL: migrations, plain SQL per noun, write transactions, deltas."""
