"""The `mcpgateway` command: `up`, the single services, tokens and keys."""
