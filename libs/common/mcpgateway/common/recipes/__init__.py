"""Tools that are made of other tools: what they take and show, how their steps are filled. Pure."""
