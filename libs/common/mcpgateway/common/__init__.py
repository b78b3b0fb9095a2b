"""What every service shares: pure rooms (values and functions), and `runtime/` (the I/O)."""
