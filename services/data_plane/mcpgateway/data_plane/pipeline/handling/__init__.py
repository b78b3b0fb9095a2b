"""What is done with calls of tools beside passing them on: limits, checks, a filter."""
