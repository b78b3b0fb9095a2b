"""What was: versions of things, revisions of the registry, and the ways back."""
