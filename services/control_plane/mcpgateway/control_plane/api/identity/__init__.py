"""Users, teams, tokens and roles over REST."""
