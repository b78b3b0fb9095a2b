"""Metrics: instruments that cost next to nothing to move, and the Prometheus text format."""
