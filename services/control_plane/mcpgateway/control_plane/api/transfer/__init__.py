"""Documents, exports, imports and bulk creation over REST."""
