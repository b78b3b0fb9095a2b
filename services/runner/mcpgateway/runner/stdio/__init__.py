"""Stdio servers: what may run, how it is started, who shares it, and when it ends."""
