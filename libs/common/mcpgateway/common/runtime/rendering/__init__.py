"""Fills templates, in worker processes where that takes more than copying."""
