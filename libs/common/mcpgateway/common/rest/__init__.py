"""Calls of tools as HTTP requests of REST services, and their answers as results. Pure."""
