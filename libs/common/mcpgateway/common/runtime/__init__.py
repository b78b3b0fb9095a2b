"""The I/O that several services share: HTTP, NATS, settings, logs. The one impure room."""
