"""The registry's use cases: what may be written, and what is written with it. No I/O libraries."""
