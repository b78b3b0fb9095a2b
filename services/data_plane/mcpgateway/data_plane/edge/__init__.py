"""The edge decides what an exchange is: MCP, health, or something for another service."""
