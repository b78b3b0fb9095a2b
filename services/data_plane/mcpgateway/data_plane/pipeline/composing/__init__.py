"""Calls of tools that are made of other tools: aimed at their base, or run step by step."""
