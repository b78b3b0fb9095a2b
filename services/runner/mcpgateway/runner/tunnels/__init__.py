"""The ends of tunnels: who serves an upstream from elsewhere, and what data planes ask him."""
