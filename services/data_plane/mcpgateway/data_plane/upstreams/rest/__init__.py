"""Tools that are REST operations: calls become HTTP requests on the pooled client."""
