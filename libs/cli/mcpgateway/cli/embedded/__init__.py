"""PostgreSQL and NATS as child processes, from packaged binaries. Knows nothing of the suite."""
