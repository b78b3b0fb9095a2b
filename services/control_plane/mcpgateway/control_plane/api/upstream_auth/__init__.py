"""How users let the gateway act for them at upstreams, and how operators look after that."""
