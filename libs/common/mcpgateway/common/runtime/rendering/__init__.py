"""Renders templates in processes that can be killed."""
