"""Teams: who is in them, who may come in, and who says so."""
