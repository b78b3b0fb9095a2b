"""HTTP exchanges that are carried elsewhere in frames, and answered there: cut, put together, and
kept within what the other side takes. How frames get there is their users' business.
"""
