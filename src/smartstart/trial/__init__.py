"""The trial: who may join, the design, the draw and the ledger.

Pure on purpose: no clock, no randomness, no files and no database. Every time and every key is passed in,
so that a statistician or an auditor can review this folder alone.
"""
