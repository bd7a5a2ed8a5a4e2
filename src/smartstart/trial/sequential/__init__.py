"""Planned looks: boundaries, what is done when information comes otherwise than planned, and what is said at stopping.

Pure functions: no clock, no files, no randomness. Information is the inverse of the squared standard error of an
estimate; the information fraction is its share of the planned maximum.
"""
