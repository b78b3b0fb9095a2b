"""The pages, one module per noun: what a page asks of the API and which template shows it."""
