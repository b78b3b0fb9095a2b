"""Many things written as one: documents applied, imports, bulk creation."""
