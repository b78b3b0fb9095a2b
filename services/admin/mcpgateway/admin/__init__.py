"""The admin service: the web UI, a client of the REST API of the control plane."""
