"""What the gateway answers from its own table: prompts made of templates, and resources."""
