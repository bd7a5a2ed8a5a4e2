"""The cipher that lets DuckDB write an encrypted file: a signed extension with OpenSSL, which a wheel brings."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from smartstart.errors import StateError

if TYPE_CHECKING:
    import duckdb


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the cipher into a connection. Raises StateError when it is not as it was signed, or of another version."""
    import duckdb

    extension = cipher_extension()
    try:
        connection.execute(f"LOAD '{extension}'")
    except duckdb.Error:
        raise StateError(
            f"'{extension.name}' can't be loaded as it is: install again from requirements.lock."
        ) from None


def cipher_extension() -> Path:
    """Return the file of the extension. Raises StateError when there is none for this DuckDB."""
    import duckdb
    import duckdb_extension_httpfs

    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    extension = folder / "httpfs.duckdb_extension"
    if not extension.is_file():
        raise StateError(
            f"duckdb {duckdb.__version__} and duckdb-extension-httpfs {version('duckdb-extension-httpfs')} differ: "
            "install from requirements.lock."
        )
    return extension
