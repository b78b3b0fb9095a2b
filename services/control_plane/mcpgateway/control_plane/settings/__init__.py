"""The settings, read once from the environment by `__main__`."""
