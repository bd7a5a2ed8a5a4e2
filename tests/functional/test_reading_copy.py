"""The reading copy: what analysts read with their own tools while a batch runs; counts, and nobody in it."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from harness import (
    WEEKLY,
    Done,
    Town,
    bsn,
    copied,
    init,
    ok,
    quarterly,
    reconciles,
    smartstart,
    town_of,
    weekly,
)
from pyarrow.parquet.encryption import create_decryption_properties

from smartstart import reading_copy
from smartstart.contracts.odcs import Contract, load_contract, load_contracts
from smartstart.errors import DataRefused
from smartstart.reading_copy import COMMENT, FOLDER, MANIFEST, TABLES
from smartstart.resources import shipped
from smartstart.workspace import find_workspace

CONTRACTS = load_contracts(shipped("data_contracts"))
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read-along.md"
OWNED = ("--owner", "FG", "--reason", "made up")
# What tells the arms apart, or is above internal wherever it stands.
HINTS = ("offer", "care_as_usual", "risk_band", "score", "stratum", "arm")


def files(workspace: Path) -> dict[str, bytes]:
    """The bytes of every file of the copy."""
    return {path.name: path.read_bytes() for path in sorted((workspace / FOLDER).iterdir())}


def manifest(workspace: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace / FOLDER / MANIFEST).read_text("utf-8"))
    return found


def rows(workspace: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(workspace / FOLDER / f"{name}.parquet").to_pylist()
    return found


def whole(workspace: Path) -> bool:
    """Tell whether the files are those of the manifest, and no other is there."""
    found = files(workspace)
    sums = {name: sha256(content).hexdigest() for name, content in found.items() if name != MANIFEST}
    return sums == manifest(workspace)["files"]


def a_week(folder: Path) -> Path:
    week = Town()
    for nth in range(30, 36):
        week.woman(nth, filled=date(2024, 4, 8))
    week.event(3, "zwangerschap_beeindigd", "05-04-2024")
    return week.write(folder, WEEKLY)


def next_week(workspace: Path, folder: Path, *more: object) -> Done:
    return weekly(workspace, folder, "2024-W15", "2024-04-15", *more)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first quarter with one fault in it, and a week."""
    place = tmp_path_factory.mktemp("delivered")
    town = town_of()
    town.tables["inkomen"][0]["soort_uitkering"] = "onbekend"
    town.write(place / "q1")
    a_week(place / "week")
    return place


@pytest.fixture(scope="module")
def made(delivered: Path) -> Path:
    """A workspace in which the first quarter ran. Whoever changes it makes a copy first."""
    workspace = init(delivered / "w")
    done = quarterly(workspace, delivered / "q1")
    assert done.code == 0, done.err
    return workspace


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path / "w")


# --- what is in it ----------------------------------------------------------------------------------------


def test_every_run_leaves_a_copy_that_names_it_and_is_whole(made: Path) -> None:
    assert set(files(made)) == {MANIFEST} | {f"{name}.{kind}" for name in TABLES for kind in ("parquet", "yaml")}
    assert whole(made)
    told = manifest(made)
    assert (told["run"], told["period"], told["as_of"], told["rehearsal"]) == (1, "2024Q1", "2024-04-02", True)


def test_nothing_is_copied_before_the_first_run(tmp_path: Path) -> None:
    workspace = init(tmp_path / "w")
    assert smartstart("trial", "erase", "--objected", "--yes", *OWNED, w=workspace).code == 0
    assert not (workspace / FOLDER).exists()
    assert "not there" in " ".join(ok("doctor", w=workspace).text.split())


def test_only_their_owner_may_read_the_folder_and_its_files(made: Path) -> None:
    assert (made / FOLDER).stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (made / FOLDER).iterdir()} == {0o600}


def test_the_files_add_up_and_are_those_that_status_tells_of(made: Path) -> None:
    contract = CONTRACTS["kopie_bestanden"]
    names = {field.header: field.name for field in contract.fields}
    copied_files = [{names[header]: value for header, value in row.items()} for row in rows(made, contract.file)]
    assert copied_files and all(reconciles(row) for row in copied_files)
    (period,) = ok("status", "--json", w=made).json["periods"]
    assert [{name: value for name, value in row.items() if name != "run"} for row in copied_files] == period["files"]


def test_a_fault_is_counted_by_column_and_rule_without_its_row(made: Path) -> None:
    assert rows(made, "kopie_gebreken") == [
        {"run": 1, "bestand": "inkomen.csv", "kolom": "soort_uitkering", "regel": "code_unknown", "aantal": 1}
    ]


def test_women_are_counted_by_verdict_to_five_and_none_under_ten(made: Path, delivered: Path, own: Path) -> None:
    assert ok("status", "--json", w=made).json["periods"][0]["eligible"] == 24
    assert rows(made, "kopie_oordelen") == [
        {"batch": "2024Q1", "oordeel": "eligible", "reden": "eligible", "vrouwen": 25}
    ]
    done = next_week(own, delivered / "week")
    assert done.json["eligible"] == 6  # fewer than ten: no row says that there was anybody
    assert rows(own, "kopie_oordelen") == rows(made, "kopie_oordelen")


def test_a_correction_shows_which_run_counts_and_under_which_batch(own: Path, delivered: Path, tmp_path: Path) -> None:
    mended = town_of().write(tmp_path / "mended")
    done = quarterly(own, mended, "2024Q1", "2024-04-02", "--corrects", "--reason", "a code put right")
    assert done.code == 0, done.err
    shown = [(row["run"], row["batch"], row["correctie"], row["geldig"]) for row in rows(own, "kopie_runs")]
    assert shown == [(1, "2024Q1", False, False), (2, "2024Q1-2", True, True)]
    assert {row["aanvaard"] for row in rows(own, "kopie_bestanden") if row["run"] == 1} == {0}


# --- by contract ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_columns_of_its_contract_with_what_they_mean(name: str, made: Path) -> None:
    contract = load_contract(made / FOLDER / f"{name}.yaml")  # as it lies beside the table
    assert contract == CONTRACTS[name]
    assert contract.recipient and not contract.incoming
    schema = pq.read_schema(made / FOLDER / f"{name}.parquet")
    assert schema.names == [field.header for field in contract.fields]
    for field, column in zip(contract.fields, schema, strict=True):
        assert field.description and column.metadata[b"description"].decode() == field.description
        assert column.metadata[b"classification"].decode() == field.classification
        assert column.nullable is not field.required
    assert schema.metadata[b"contract"].decode() == f"{name}.yaml"
    assert schema.metadata[b"version"].decode() == contract.version
    assert schema.metadata[b"rehearsal"] == b"yes"


def test_nothing_in_it_is_above_internal_by_the_contracts_that_lie_beside_the_tables(made: Path) -> None:
    beside = [load_contract(path) for path in sorted((made / FOLDER).glob("*.yaml"))]
    assert len(beside) == len(TABLES)
    classes = {(one.file, f.header): f.classification for one in beside for f in one.fields}
    assert {place for place, one in classes.items() if one != "internal"} == set()


def test_a_table_with_a_column_more_is_not_written(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted: Callable[[Any], Any] = lambda warehouse: [row | {"score": 3} for row in reading_copy._runs(warehouse)]  # noqa: E731
    monkeypatch.setitem(TABLES, "kopie_runs", planted)
    before = files(own)
    with find_workspace(own).open_warehouse() as warehouse, pytest.raises(DataRefused, match="kopie_runs, row 1"):
        reading_copy.publish(find_workspace(own), warehouse)
    assert files(own) == before


def test_it_says_nothing_of_arms_scores_or_strata(made: Path) -> None:
    for name in TABLES:
        text = str(rows(made, name)) + " ".join(pq.read_schema(made / FOLDER / f"{name}.parquet").names)
        assert [hint for hint in HINTS if hint in text.replace("_", " ").split()] == []


def test_what_is_in_a_table_lies_in_its_bytes_uncompressed(made: Path) -> None:
    assert b"soort_uitkering" in files(made)["kopie_gebreken.parquet"]


# --- who reads it -----------------------------------------------------------------------------------------


def comments(contract: Contract) -> dict[str, str]:
    return {f"{COMMENT}{field.header}": field.description for field in contract.fields}


@pytest.mark.parametrize("name", TABLES)
def test_duckdb_pyarrow_and_polars_read_the_same_rows_and_see_what_the_columns_mean(name: str, made: Path) -> None:
    path, wanted = made / FOLDER / f"{name}.parquet", comments(CONTRACTS[name])
    by_arrow = pq.read_table(path).to_pylist()
    assert pl.read_parquet(path).to_dicts() == by_arrow
    seen = pl.read_parquet_metadata(path)
    assert {key: value for key, value in seen.items() if key.startswith(COMMENT)} == wanted
    with duckdb.connect() as engine:
        assert engine.read_parquet(str(path)).to_arrow_table().to_pylist() == by_arrow
        told = engine.execute(
            "SELECT decode(key), decode(value) FROM parquet_kv_metadata($path)", {"path": str(path)}
        ).fetchall()
    assert {key: value for key, value in told if key.startswith(COMMENT)} == wanted


@pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of this installation")
def test_the_sql_of_the_page_is_answered(made: Path) -> None:
    blocks = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    with duckdb.connect() as engine:
        of_runs, of_columns = (
            engine.execute(sql.replace("demo/workspace", made.as_posix())).fetchall() for sql in blocks
        )
    assert [row[0] for row in of_runs] == ["2024Q1"]
    assert dict(of_columns) == comments(CONTRACTS["kopie_runs"])


def test_it_is_read_while_a_command_has_the_warehouse(own: Path) -> None:
    with find_workspace(own).open():
        assert whole(own) and rows(own, "kopie_runs")


def test_whoever_reads_while_a_run_writes_sees_whole_tables_and_by_the_manifest_one_run(
    own: Path, delivered: Path
) -> None:
    seen: set[int] = set()
    torn: list[str] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            told, found = manifest(own), {}
            for name in told["files"]:
                found[name] = (own / FOLDER / name).read_bytes()
                if name.endswith(".parquet"):
                    try:
                        pq.read_table(io.BytesIO(found[name]))
                    except Exception as fault:  # whatever a torn file makes of it
                        torn.append(f"{name}: {fault}")
            if {name: sha256(content).hexdigest() for name, content in found.items()} != told["files"]:
                continue  # it was replaced meanwhile: a reader who needs all of it tries again
            runs = pq.read_table(io.BytesIO(found["kopie_runs.parquet"])).to_pylist()
            of_files = pq.read_table(io.BytesIO(found["kopie_bestanden.parquet"])).to_pylist()
            if not {row["run"] for row in runs} == {row["run"] for row in of_files} == set(range(1, told["run"] + 1)):
                torn.append(f"tables of other runs than {told['run']}")
            seen.add(told["run"])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = next_week(own, delivered / "week")
        last = manifest(own)["run"]
        while last not in seen and reader.is_alive() and not torn:
            ended.wait(0.01)
    finally:
        ended.set()
        reader.join()
    assert done.code == 0, done.err
    assert torn == []
    assert seen == {1, 2}


# --- again, interrupted, destroyed ------------------------------------------------------------------------


def test_the_same_command_again_writes_the_same_bytes_also_of_what_was_lost(own: Path, delivered: Path) -> None:
    before = files(own)
    for path in list((own / FOLDER).iterdir()):
        path.unlink()
    assert quarterly(own, delivered / "q1").code == 0
    assert files(own) == before
    (own / FOLDER / "kopie_runs.parquet").write_bytes(b"something else")
    ok("lists", "build", "--as-of", "2024-04-02", w=own)
    assert files(own) == before


def test_bytes_change_only_where_something_changed(own: Path, delivered: Path) -> None:
    before = files(own)
    assert next_week(own, delivered / "week").code == 0
    changed = {name for name, content in files(own).items() if before[name] != content}
    assert changed == {MANIFEST, "kopie_bestanden.parquet", "kopie_runs.parquet"}
    before = files(own)
    told = smartstart("trial", "event", "doodgeboorte", "--on", "2024-04-09", *OWNED, w=own, typed=bsn(7))
    assert told.code == 0, told.err
    assert files(own) == before  # it has no person, and so no event


class Cut(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("point", ["run_committed", "run_files_written", "copy_before_manifest", "copy_published"])
def test_cut_off_the_copy_is_of_one_run_or_says_that_it_is_not_and_the_same_command_finishes_it(
    point: str, own: Path, delivered: Path, tmp_path: Path
) -> None:
    control = copied(own, tmp_path / "control")
    assert next_week(control, delivered / "week").code == 0
    with pytest.MonkeyPatch.context() as patch:
        for module in ("pipeline", "reading_copy"):
            patch.setattr(f"smartstart.{module}.reached", lambda at: _cut(at, point))
        with pytest.raises(Cut):
            next_week(own, delivered / "week")
    assert whole(own) is (point != "copy_before_manifest")
    assert manifest(own)["run"] == (2 if point == "copy_published" else 1)
    before = files(own)
    assert next_week(own, delivered / "week").code == 0
    assert whole(own) and manifest(own)["run"] == 2
    if point == "copy_published":
        assert files(own) == before
    assert rows(own, "kopie_bestanden") == rows(control, "kopie_bestanden")


def _cut(at: str, point: str) -> None:
    if at == point:
        raise Cut


def test_of_who_is_erased_and_of_what_is_destroyed_the_copy_had_nothing_and_stays_whole(own: Path) -> None:
    with find_workspace(own).open() as (_, vault):
        (research_id,) = vault.known_ids([bsn(5)]).values()
        pseudonym = vault.pseudonyms([research_id])[research_id]
    ids = [text.encode() for text in (bsn(5), research_id, pseudonym)]
    before = files(own)
    assert not [name for name, content in before.items() if any(one in content for one in ids)]
    erased = smartstart("privacy", "erase", "--yes", *OWNED, w=own, typed=bsn(5))
    assert erased.code == 0, erased.err
    ok("retention", "run", "--yes", w=own)
    assert files(own) == before and whole(own)


def test_a_restored_workspace_has_none_until_the_lists_are_made_again(own: Path, tmp_path: Path) -> None:
    before = files(own)
    ok("backup", "--out", tmp_path / "b.tar", w=own)
    ok("restore", tmp_path / "b.tar", tmp_path / "back")
    assert not (tmp_path / "back" / FOLDER).exists()
    ok("lists", "build", "--as-of", "2024-04-02", w=tmp_path / "back")
    assert files(tmp_path / "back") == before


# --- encrypted, where a programme asks for it -------------------------------------------------------------


def encrypting(workspace: Path, *, wanted: bool = True) -> Path:
    programme = workspace / "programme.yaml"
    text = programme.read_text("utf-8").split("\nreading_copy:")[0]
    programme.write_text(f"{text}\nreading_copy:\n  encrypted: {str(wanted).lower()}\n", "utf-8")
    ok("lists", "build", "--as-of", "2024-04-02", w=workspace)
    return workspace


@pytest.fixture
def sealed(own: Path) -> Iterator[Path]:
    yield encrypting(own)
    reading_key(own).unlink(missing_ok=True)  # the workspaces of these tests share their keys


def reading_key(workspace: Path) -> Path:
    return find_workspace(workspace).keys_folder / "reading.key"


def decrypted(workspace: Path, name: str) -> Any:
    key = bytes.fromhex(reading_key(workspace).read_text("ascii"))
    how = create_decryption_properties(footer_key=key)
    return pq.read_table(workspace / FOLDER / f"{name}.parquet", decryption_properties=how)


@pytest.mark.parametrize("name", TABLES)
def test_an_encrypted_table_is_the_same_to_duckdb_and_pyarrow_with_its_key_and_nothing_without(
    name: str, sealed: Path, made: Path
) -> None:
    path = sealed / FOLDER / f"{name}.parquet"
    table = decrypted(sealed, name)
    assert table.equals(pq.read_table(made / FOLDER / f"{name}.parquet"), check_metadata=True)
    in_base64 = base64.b64encode(bytes.fromhex(reading_key(sealed).read_text("ascii"))).decode()
    with duckdb.connect() as engine:
        engine.execute(f"PRAGMA add_parquet_key('reading', '{in_base64}')")
        sql = f"FROM read_parquet('{path}', encryption_config = {{footer_key: 'reading'}})"
        assert engine.execute(sql).to_arrow_table().to_pylist() == table.to_pylist()
    for read in (pq.read_table, pl.read_parquet, duckdb.read_parquet):
        with pytest.raises(Exception, match=r"(?i)encrypt|decrypt"):
            read(str(path))


def test_no_cell_and_no_column_of_an_encrypted_table_lies_in_its_bytes(sealed: Path) -> None:
    for name, content in files(sealed).items():
        if name.endswith(".parquet"):
            assert content.startswith(b"PARE")
            assert not [word for word in (b"bestand", b"soort_uitkering", b"eligible", b"2024Q1") if word in content]
    assert manifest(sealed)["encrypted"] is True and whole(sealed)
    assert reading_key(sealed).stat().st_mode & 0o777 == 0o600


def test_also_encrypted_the_same_command_again_leaves_the_same_bytes_and_a_change_changes_only_its_tables(
    sealed: Path, delivered: Path
) -> None:
    before = files(sealed)
    assert quarterly(sealed, delivered / "q1").code == 0
    assert files(sealed) == before
    assert next_week(sealed, delivered / "week").code == 0
    changed = {name for name, content in files(sealed).items() if before[name] != content}
    assert changed == {MANIFEST, "kopie_bestanden.parquet", "kopie_runs.parquet"} and whole(sealed)


def test_after_another_key_the_tables_open_with_that_one_and_a_damaged_one_is_made_again(sealed: Path) -> None:
    former = reading_key(sealed).read_text("ascii")
    reading_key(sealed).unlink()
    (sealed / FOLDER / "kopie_runs.parquet").write_bytes(b"PAREPARE")
    ok("lists", "build", "--as-of", "2024-04-02", w=sealed)
    assert reading_key(sealed).read_text("ascii") != former
    assert all(decrypted(sealed, name).num_rows for name in TABLES) and whole(sealed)


def test_a_programme_that_wants_it_no_longer_gets_it_plain(sealed: Path, made: Path) -> None:
    assert files(encrypting(sealed, wanted=False)) == files(made)


# --- what is missing --------------------------------------------------------------------------------------


ALTERED: tuple[tuple[str, Callable[[Path], object], str], ...] = (
    ("a table gone", lambda copy: (copy / "kopie_runs.parquet").unlink(), "kopie_runs.parquet is missing"),
    ("a contract gone", lambda copy: (copy / "kopie_runs.yaml").unlink(), "kopie_runs.yaml is missing"),
    ("a table changed", lambda copy: (copy / "kopie_runs.parquet").write_bytes(b"PAR1"), "not as the manifest"),
    ("no manifest", lambda copy: (copy / MANIFEST).unlink(), "manifest.json is missing or damaged"),
    ("no JSON", lambda copy: (copy / MANIFEST).write_text("[" * 99_999), "manifest.json is missing or damaged"),
    ("another JSON", lambda copy: (copy / MANIFEST).write_text("[]"), "manifest.json is missing or damaged"),
)


@pytest.mark.parametrize(("_what", "change", "told"), ALTERED, ids=[one[0] for one in ALTERED])
def test_doctor_says_in_one_sentence_what_is_not_as_it_was_and_lists_build_mends_it(
    _what: str, change: Callable[[Path], object], told: str, own: Path
) -> None:
    change(own / FOLDER)
    done = smartstart("doctor", w=own)
    assert done.code == 1
    said = " ".join(done.text.split())
    assert told in said and "smartstart lists build" in said and "Traceback" not in said
    ok("lists", "build", "--as-of", "2024-04-02", w=own)
    assert "whole, of run 1" in " ".join(ok("doctor", w=own).text.split())
