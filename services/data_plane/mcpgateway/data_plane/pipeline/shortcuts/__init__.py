"""Requests that repeat the one before them on their connection."""
