"""Streams on which clients listen: to changed lists and resources, until they may no longer."""
