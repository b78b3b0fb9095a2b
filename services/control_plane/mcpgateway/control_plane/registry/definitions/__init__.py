"""What upstreams say of their tools, and what becomes of it when they say something else."""
