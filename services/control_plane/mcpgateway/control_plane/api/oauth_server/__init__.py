"""The authorization server by HTTP: what clients ask, and the pages that people see."""
