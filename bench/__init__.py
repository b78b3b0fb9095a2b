"""Measures the data plane in real processes and prints ratios of one run. `python -m bench`."""
