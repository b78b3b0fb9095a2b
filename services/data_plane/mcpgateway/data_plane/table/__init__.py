"""How this replica gets its routing table, follows it, keeps it on disk, and says what it holds."""
