"""Answers for what has no upstream: prompts, resources, completions of the gateway's own."""
