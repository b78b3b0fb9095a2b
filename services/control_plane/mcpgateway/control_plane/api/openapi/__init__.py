"""The API described by itself: OpenAPI 3.1, and pages that show it."""
