"""Bounded work: done by processes that are killed when it takes too long, or too much."""
