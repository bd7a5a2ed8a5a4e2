"""The warehouse: an encrypted DuckDB file without names or BSNs."""
