"""The composition root: the only place where the data plane's parts are made and joined."""
