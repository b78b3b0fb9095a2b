"""The routing table as a value: its resources, how it is built, changed and encoded. No I/O."""
