"""OpenAPI documents: fetched behind the address guard, read in processes that can be stopped."""
