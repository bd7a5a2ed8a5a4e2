"""The reading copy: a few tables about what was delivered and judged, for the analysts' own tools.

The warehouse serves one command at a time, and nobody else while a batch runs. So after each change its reading copy is
made anew as Parquet: whole files that are replaced at once, so that a reader has the old one or the new one. The
manifest comes last and has every checksum: by it a reader knows that the tables belong together, and to which run.

It has counts and no persons. Each table is held against its contract, which lies beside it, and in which nothing is
above ``internal``; counts of women pass the disclosure gate. What is destroyed later has therefore never stood in it.
"""

from __future__ import annotations

import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from smartstart.contracts.outgoing import hold_outgoing
from smartstart.crash_points import reached
from smartstart.deliveries import NTH, label
from smartstart.errors import StateError
from smartstart.extracts.finding import checksum
from smartstart.identity.keys import make_key, read_key
from smartstart.outputs import json_bytes, write_file
from smartstart.report.disclosure import released
from smartstart.resources import shipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from smartstart.contracts.odcs import Contract
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

    Rows = list[dict[str, Any]]

FOLDER: Final = "reading-copy"
MANIFEST: Final = "manifest.json"
COMMENT: Final = "comment."  # before a column's name, in the metadata of a file
_FORMAT: Final = "smartstart/reading-copy/1"
_MEND: Final = "'smartstart lists build' or the next run makes it again"


def publish(workspace: Workspace, warehouse: Warehouse) -> None:
    """Write the reading copy of what the warehouse holds; the same bytes while nothing changed, nothing before a run.

    Tables that the programme wants encrypted are so with a key of their own, which opens nothing else. Raises
    StateError when the disk refuses, DataRefused when a table breaks its contract.
    """
    last = _last_run(warehouse)
    if last is None:
        return
    folder, files = workspace.folder / FOLDER, files_of(workspace, warehouse)
    encrypted = workspace.programme.reading_copy.encrypted
    if encrypted:
        files = _encrypted(files, folder, _key(workspace))
    sums = {name: write_file(folder / name, content) for name, content in files.items()}
    reached("copy_before_manifest")
    manifest = {"format": _FORMAT, "rehearsal": workspace.rehearsal, "encrypted": encrypted, **last, "files": sums}
    write_file(folder / MANIFEST, json_bytes(manifest))
    reached("copy_published")


def refuse_altered(workspace: Workspace) -> int:
    """Return to which run the copy belongs. Raises StateError when it is absent, not whole, or was changed."""
    folder = workspace.folder / FOLDER
    if not folder.is_dir():
        raise StateError(f"There is no reading copy: {_MEND}.")
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        sums: dict[str, str] = dict(manifest["files"])
        run = int(manifest["run"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise StateError(f"{FOLDER}/{MANIFEST} is missing or damaged: {_MEND}.") from None
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise StateError(f"{FOLDER}/{name} is missing: {_MEND}.")
        if checksum(folder / name) != expected:
            raise StateError(f"{FOLDER}/{name} is not as the manifest says: {_MEND}.")
    return run


def files_of(workspace: Workspace, warehouse: Warehouse) -> dict[str, bytes]:
    """Return every table and its contract, by name, before anything is encrypted.

    The table of the runs is the last one: whoever reads of a run finds the rest of it.
    """
    found: dict[str, bytes] = {}
    for name, rows_of in TABLES.items():
        contract, rows = workspace.contracts[name], rows_of(warehouse)
        hold_outgoing(contract, rows, date.max)
        found[f"{name}.yaml"] = (shipped("data_contracts") / f"{name}.yaml").read_bytes()
        found[f"{name}.parquet"] = parquet(contract, rows, rehearsal=workspace.rehearsal)
    return found


def parquet(contract: Contract, rows: Rows, *, rehearsal: bool) -> bytes:
    """Return rows, by the contract's internal names, as Parquet under its headers, the same bytes for the same rows.

    What each column means stands in its field's metadata, for Arrow, and in that of the file, for everybody else. The
    pages are not compressed: the tables are small, and a search of the bytes must see what is in them.
    """
    import pyarrow as pa

    columns = [pa.array([row[f.name] for row in rows], _arrow_type(f.kind)) for f in contract.fields]
    fields = [
        pa.field(
            f.header,
            column.type,
            nullable=not f.required,
            metadata={"description": f.description, "classification": f.classification},
        )
        for f, column in zip(contract.fields, columns, strict=True)
    ]
    about = {
        "contract": f"{contract.file}.yaml",
        "version": contract.version,
        "description": contract.purpose,
        "rehearsal": "yes" if rehearsal else "no",
        **{f"{COMMENT}{f.header}": f.description for f in contract.fields},
    }
    return _written(pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=about)))


def _written(table: pa.Table, **encryption: Any) -> bytes:
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(table, content, compression="none", use_dictionary=False, **encryption)
    return content.getvalue()


def _arrow_type(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {"integer": pa.int64(), "date": pa.date32(), "boolean": pa.bool_()}.get(kind, pa.string())


# --- encrypted, where a programme asks for it -------------------------------------------------------------------


def _key(workspace: Workspace) -> bytes:
    make_key(workspace.keys_folder, "reading")
    return read_key(workspace.keys_folder, "reading")


def _encrypted(files: dict[str, bytes], folder: Path, key: bytes) -> dict[str, bytes]:
    """Return the files with their tables encrypted; one that lies there with the same content stays as it is.

    Encrypting takes other random numbers each time: without that no file would ever be the same again.
    """
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_encryption_properties

    found = {}
    for name, content in files.items():
        if not name.endswith(".parquet"):
            found[name] = content
        elif opened(there := _bytes_at(folder / name), key) == content:
            found[name] = there
        else:
            how = create_encryption_properties(footer_key=key)
            found[name] = _written(pq.read_table(io.BytesIO(content)), encryption_properties=how)
    return found


def _bytes_at(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # none is there, or whoever writes it will say what is wrong
        return b""


def opened(content: bytes, key: bytes) -> bytes | None:
    """Return an encrypted table as :func:`parquet` gave it; None for what this key does not open, or is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_decryption_properties

    try:
        how = create_decryption_properties(footer_key=key)
        return _written(pq.read_table(io.BytesIO(content), decryption_properties=how))
    except (OSError, pa.ArrowException):
        return None


def _last_run(warehouse: Warehouse) -> dict[str, Any] | None:
    found = warehouse.rows(
        "SELECT sequence AS run, period, as_of::VARCHAR AS as_of, recorded_at FROM run ORDER BY sequence DESC LIMIT 1"
    )
    return found[0] if found else None


# --- the tables, by their contracts -----------------------------------------------------------------------------


def _files_delivered(warehouse: Warehouse) -> Rows:
    return warehouse.rows(
        "SELECT r.sequence AS run, f.file, f.contract, f.rows_in, f.accepted, f.quarantined, f.duplicates,"
        " f.superseded, f.refused FROM delivered_file AS f INNER JOIN run AS r ON r.delivery_id = f.delivery_id"
        " ORDER BY r.sequence, f.contract, f.file"
    )


def _faults(warehouse: Warehouse) -> Rows:
    return warehouse.rows(
        'SELECT r.sequence AS run, q.file, q."column", q.rule, count(*) AS faults FROM quarantine AS q'
        " INNER JOIN run AS r ON r.delivery_id = q.delivery_id GROUP BY ALL ORDER BY ALL"
    )


def _verdicts(warehouse: Warehouse) -> Rows:
    counted = warehouse.rows("SELECT batch, verdict, reason, count(*) AS women FROM decision GROUP BY ALL ORDER BY ALL")
    # a row that may not be shown is left out, not left empty: that it stands there would tell that there is somebody
    return [row | {"women": shown} for row in counted if (shown := released(row["women"])) is not None]


def _runs(warehouse: Warehouse) -> Rows:
    rows = warehouse.rows(
        f"SELECT r.sequence AS run, r.pipeline, r.period, {NTH} AS batch, r.as_of, r.delivered, r.recorded_at,"
        " r.version, d.reason IS NOT NULL AS correction, d.is_current AS current FROM run AS r"
        " INNER JOIN delivery AS d ON d.delivery_id = r.delivery_id ORDER BY r.sequence"
    )
    return [row | {"batch": label(row["period"], row["batch"])} for row in rows]


TABLES: Final[dict[str, Callable[[Warehouse], Rows]]] = {
    "kopie_bestanden": _files_delivered,
    "kopie_gebreken": _faults,
    "kopie_oordelen": _verdicts,
    "kopie_runs": _runs,
}
