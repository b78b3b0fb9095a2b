"""`mcpgateway env translate`: what a ContextForge `.env` means here."""
