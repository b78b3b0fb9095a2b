"""Publishing the routing table: one leader writes it, every control plane reads receipts."""
