"""The protocol of a reverse tunnel: how its two ends find each other again, and lose nothing."""
