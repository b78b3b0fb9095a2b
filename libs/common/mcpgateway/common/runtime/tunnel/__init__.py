"""What both ends of a reverse tunnel run on: exchanges over a link (`common/tunnel`)."""
