"""Risk models, from a folder of extracts to an approved file: train, evaluate, compare, approve, adapt, explain, watch.

What is computed stands in ``risk``; here it meets the workspace, the experiment store and the reader.
"""
