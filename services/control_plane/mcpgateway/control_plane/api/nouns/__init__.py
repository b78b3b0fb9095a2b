"""The resources of the registry over REST: what is read of a body, done, and shown."""
