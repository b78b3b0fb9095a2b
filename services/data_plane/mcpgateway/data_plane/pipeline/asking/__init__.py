"""Carries what upstreams ask to clients of either era, and brings back what they reply."""
