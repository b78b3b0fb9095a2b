"""Scripts under the names that ContextForge users type."""
