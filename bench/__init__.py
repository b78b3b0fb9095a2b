"""Measures the real processes and prints ratios of one run: `python -m bench`.

`contract.py` says what a row is, `rows/` holds them, one module each. Nothing here is a test:
no time is asserted.
"""
