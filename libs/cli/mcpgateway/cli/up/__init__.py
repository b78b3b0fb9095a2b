"""`mcpgateway up`: the whole suite on one machine, watched over by one process.

`options` reads the command line, `plan` decides what to run, `supervisor` runs it, `gate` knows
when it is ready, `run` composes them.
"""
