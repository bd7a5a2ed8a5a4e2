"""The cipher of the tests under DuckDB 2: its own, whose numbers DuckDB calls unsafe, for people who are made up.

It stands in for ``smartstart.warehouse.cipher``, as no wheel brings a signed extension for this version yet. DuckDB
keeps this way for tests of its own; the program has none to it.
"""

from __future__ import annotations

import duckdb


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the connection write encrypted files."""
    connection.execute("SET force_mbedtls_unsafe = true")
