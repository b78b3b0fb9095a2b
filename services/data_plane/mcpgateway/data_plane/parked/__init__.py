"""What lives on one replica while the client's next request may reach any other."""
