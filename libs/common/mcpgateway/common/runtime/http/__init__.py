"""HTTP/1.1 on httptools: the server protocol, the pooled client, and `dial`, which connects."""
