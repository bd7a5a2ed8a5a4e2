"""The register on Spark is the register on DuckDB, row by row, and nothing else of a run changes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet
import pytest
from harness import Done, init, is_one_sentence, ok, read_csv, smartstart
from made_up_models import model

from smartstart import approved
from smartstart.errors import StateError
from smartstart.register.build import TABLES, build_register, select_of, statements
from smartstart.risk.artefact import to_bytes
from smartstart.risk.as_sql import risk_in_sql
from smartstart.scaling import building, session
from smartstart.scaling.dialect import in_spark, named_in
from smartstart.warehouse.warehouse import Warehouse
from smartstart.workspace import find_workspace

DATA = Path(__file__).parents[3] / "shared" / "data" / "pregnancies" / "nsfg2002"
# Java's quick compiler: these runs are too short for the thorough one to pay
QUICK = """spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""
there = find_spec("pyspark") is not None and find_spec("sqlglot") is not None
needs_sqlglot = pytest.mark.skipif(find_spec("sqlglot") is None, reason="sqlglot is not installed: the extra 'spark'")
needs_spark = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not (there and shutil.which("java")),
    reason="needs PySpark (the extra 'spark') and Java (openjdk-17-jre-headless)",
)
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data are not in {DATA}")


@pytest.fixture(scope="module", autouse=True)
def quick_java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("spark-conf")
    (folder / "spark-defaults.conf").write_text(QUICK, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        yield


def on_spark(workspace: Path, folder: Path, more: str = "") -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8").replace("engine: duckdb", "engine: spark")
    path.write_text(text.replace('spark_folder: ""', f'spark_folder: "{folder}"'), "utf-8")
    assert f'spark_folder: "{folder}"' in path.read_text("utf-8")


# --- a run ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Played:
    """The demo, and then another follow-up of which the register and the risks were made on Spark."""

    workspace: Path
    folder: Path
    done: Done
    seen: dict[str, tuple[int, list[str]]]  # of each file on the way: its mode, and the columns of a table
    listening: set[str]
    bytes_there: bytes


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    place = tmp_path_factory.mktemp("on-spark")
    ok("demo", place / "demo")
    workspace, folder = place / "demo" / "workspace", place / "on the way"
    folder.mkdir()
    on_spark(workspace, folder)
    by_a_model(workspace)
    seen: dict[str, tuple[int, list[str]]] = {}
    listening: set[str] = set()
    content: list[bytes] = []
    take = building._take

    def looked_at(warehouse: Warehouse, table: str, made: Path) -> None:
        if not seen:
            for path in folder.rglob("*"):
                columns = pyarrow.parquet.read_schema(path).names if path.suffix == ".parquet" else []
                seen[str(path.relative_to(folder))] = path.stat().st_mode & 0o777, columns
                content.append(path.read_bytes() if path.is_file() else b"")
            listening.update(addresses())
        take(warehouse, table, made)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_take", looked_at)
        extracts = place / "demo" / "extracts" / "followup"
        done = smartstart("run", "follow_up", "--extracts", extracts, "--as-of", "2032-01-01", "--json", w=workspace)
    yield Played(workspace, folder, done, seen, listening, b"".join(content))


def by_a_model(workspace: Path) -> None:
    """Let the programme score by a model whose effects add up, as if it had been approved."""
    content = to_bytes(model("logistic"))
    opened = find_workspace(workspace)
    with opened.open_warehouse() as warehouse, warehouse.transaction():
        sha256 = hashlib.sha256(content).hexdigest()
        row = {
            "sha256": sha256, "label": "uhp-60/1", "outcome": "uhp", "horizon_months": 60, "explained": "",
            "approved_on": date(2026, 1, 1), "owner": "o", "reason": "r", "grounds": "",
        }  # fmt: skip
        approved.record_approval(warehouse, row)
    approved.keep_copy(opened, sha256, content)
    path = workspace / "programme.yaml"
    score = f'  kind: model\n  model: "{sha256}"\n  risk_bands: [0.03, 0.05]'
    text = path.read_text("utf-8").replace("  kind: factor_count", score)
    bands = re.sub(r'risk_band: \["0–1", "2\+", unknown\]', 'risk_band: ["<3%", "3–5%", "5%+"]', text)
    path.write_text(bands, "utf-8")


def addresses() -> set[str]:
    """Return the addresses on which Java listens, in the hexadecimal of the kernel; none where there is no /proc."""
    if not Path("/proc/net/tcp").is_file():
        return set()
    from pyspark import SparkContext

    descriptors = Path(f"/proc/{SparkContext._gateway.proc.pid}/fd")
    sockets = {str(path.readlink()) for path in descriptors.iterdir() if path.is_symlink()}
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                found.add(words[1].split(":")[0])
    return found


def tables(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    return {table: warehouse.frame(f"FROM register.{table} ORDER BY ALL") for table in TABLES}


def the_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for table in TABLES:
        assert one[table].schema == other[table].schema, table
        assert one[table].equals(other[table]), table


@needs_spark
def test_a_run_on_spark_is_silent_and_leaves_nothing_on_the_way(played: Played) -> None:
    assert played.done.code == 0, played.done.err
    assert not re.search(r"spark|java|warn", played.done.text, re.IGNORECASE)
    assert list(played.folder.iterdir()) == []


@needs_spark
def test_a_run_on_spark_makes_every_table_as_duckdb_makes_it(played: Played) -> None:
    workspace = find_workspace(played.workspace)
    with workspace.open_warehouse() as warehouse:
        theirs, delivery = tables(warehouse), warehouse.rows("FROM delivery ORDER BY sequence DESC LIMIT 1")[0]
        build_register(warehouse, workspace.programme, delivery["as_of"], delivery["delivery_id"])
        the_same(tables(warehouse), theirs)
    assert all(len(theirs[table]) for table in ("notice", "status", "placement", "predictor", "outcome"))


@needs_spark
def test_risks_on_spark_are_those_of_the_model(played: Played) -> None:
    workspace = find_workspace(played.workspace)
    with workspace.open_warehouse() as warehouse:
        scored = warehouse.frame("FROM register.score ORDER BY person_id, number")
        _, frame = approved.live_frame(warehouse)
    risk = model("logistic").risk(frame)
    assert len(risk) > 100
    assert scored["risk"].to_numpy() == pytest.approx(risk, rel=0, abs=1e-12)
    assert scored["risk_band"].to_list() == ["<3%" if one < 0.03 else "3–5%" if one < 0.05 else "5%+" for one in risk]


@needs_spark
def test_files_on_the_way_are_private_and_hold_no_risk_no_statement_and_nobody_by_name(played: Played) -> None:
    assert {mode for mode, columns in played.seen.values() if columns} == {0o600}
    assert {mode for mode, _ in played.seen.values()} <= {0o600, 0o700}
    columns = {column for _, named in played.seen.values() for column in named}
    assert {"person_id", "delivered"} <= columns
    assert columns.isdisjoint({"risk", "owner", "reason", "salt", "fingerprint", "arm", "token", "street", "surname"})
    people = read_csv(played.workspace.parent / "extracts" / "register" / "personen.csv")
    assert people and not [row for row in people[:200] if row["burgerservicenummer"].encode() in played.bytes_there]


@needs_spark
@pytest.mark.skipif(not Path("/proc/net/tcp").is_file(), reason="sockets are told by /proc: Linux only")
def test_spark_listens_on_this_machine_only(played: Played) -> None:
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert played.listening and played.listening <= loopback


@needs_spark
@real
def test_of_real_pregnancies_every_table_and_every_risk_is_the_same(tmp_path: Path) -> None:
    workspace = init(tmp_path / "workspace")
    ok("run", "register", "--extracts", DATA / "register", "--as-of", "2025-03-31", w=workspace)
    opened = find_workspace(workspace)
    with opened.open_warehouse() as warehouse:
        ours, delivery = tables(warehouse), warehouse.rows("FROM delivery")[0]
        risks = approved.risks(warehouse, model("scorecard")).sort("person_id", "number")
        theirs = building.build_on_spark(
            warehouse, opened.programme, delivery["as_of"], delivery["delivery_id"], place=tmp_path / "on-the-way",
            scoring=risk_in_sql(model("scorecard"), select_of("seen")),
        )  # fmt: skip
        the_same(ours, tables(warehouse))
    assert theirs is not None
    theirs = theirs.sort("person_id", "number")
    assert len(risks) > 7000
    assert (
        theirs.select("person_id", "number", "known_predictors").rows()
        == risks.select("person_id", "number", "known_predictors").rows()
    )
    assert theirs["risk"].to_numpy() == pytest.approx(risks["risk"].to_numpy(), rel=0, abs=1e-12)


# --- what goes wrong --------------------------------------------------------------------------------------


@needs_spark
def test_what_spark_says_of_a_fault_is_not_told(tmp_path: Path) -> None:
    with session.spark_session(tmp_path) as spark, pytest.raises(StateError) as refused, building._told("person"):
        spark.sql("SELECT CAST('geheim' AS INT) AS n").collect()
    assert "geheim" not in str(refused.value) and "person" in str(refused.value)


def test_without_pyspark_or_java_a_run_says_what_to_install(
    empty: Path, first_quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_spark(empty, tmp_path)
    words = ("run", "quarterly", "--extracts", first_quarter, "--period", "2024Q1", "--as-of", "2024-04-02")
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    done = smartstart(*words, w=empty)
    assert is_one_sentence(done, 2) and "pip install '.[spark]'" in done.err
    monkeypatch.setattr(session, "find_spec", lambda name: True)
    monkeypatch.setattr(session.shutil, "which", lambda name: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    done = smartstart(*words, w=empty)
    assert is_one_sentence(done, 2) and "openjdk-17-jre-headless" in done.err


def test_the_doctor_tells_whether_spark_can_be_used(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> str:
        return smartstart("doctor", w=empty).out

    assert "Spark" not in found()
    on_spark(empty, tmp_path / "absent")
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    assert "'.[spark]'" in found()
    monkeypatch.setattr("smartstart.doctor.refuse_without_spark", lambda: None)
    assert "are there" not in found()
    (tmp_path / "absent").mkdir()
    assert "are there" in found()


@pytest.mark.parametrize("folder", ["", "on/the/way"])
def test_spark_without_the_full_path_of_a_folder_is_refused(empty: Path, first_quarter: Path, folder: str) -> None:
    on_spark(empty, Path(folder)) if folder else on_spark_alone(empty)
    done = smartstart("status", w=empty)
    assert is_one_sentence(done, 2) and "spark_folder" in done.err


def on_spark_alone(workspace: Path) -> None:
    path = workspace / "programme.yaml"
    path.write_text(path.read_text("utf-8").replace("engine: duckdb", "engine: spark"), "utf-8")


@needs_sqlglot
def test_after_a_fault_nothing_is_left_on_the_way_and_the_register_is_as_it_was(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(*_: Any) -> None:
        assert list(tmp_path.glob("smartstart-*"))
        raise StateError("it failed.")

    (tmp_path / f"smartstart-{find_workspace(loaded).workspace_id}").mkdir()
    (tmp_path / f"smartstart-{find_workspace(loaded).workspace_id}" / "of an interrupted run").touch()
    monkeypatch.setattr(building, "refuse_without_spark", lambda: None)
    monkeypatch.setattr(building, "spark_session", nullcontext)
    monkeypatch.setattr(building, "_give", failed)
    workspace = find_workspace(loaded)
    with workspace.open_warehouse() as warehouse:
        before, delivery = tables(warehouse), warehouse.rows("FROM delivery")[0]
        place = tmp_path / f"smartstart-{workspace.workspace_id}"
        with pytest.raises(StateError, match="it failed"), warehouse.transaction():
            building.build_on_spark(warehouse, workspace.programme, delivery["as_of"], "d", place=place)
        the_same(before, tables(warehouse))
    assert not place.exists()


def test_a_folder_that_is_not_there_is_told_in_a_sentence(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "refuse_without_spark", lambda: None)
    workspace = find_workspace(loaded)
    with workspace.open_warehouse() as warehouse, pytest.raises(StateError, match=r"spark_folder.*make it"):
        place = tmp_path / "absent" / "smartstart"
        building.build_on_spark(warehouse, workspace.programme, date(2024, 1, 1), "d", place=place)


# --- the same statements ----------------------------------------------------------------------------------


@needs_sqlglot
def test_where_spark_would_cut_a_quotient_off_it_is_rounded_as_duckdb_rounds() -> None:
    assert in_spark("SELECT CAST(a / 2 AS INTEGER), CAST(b AS INTEGER) FROM t WHERE c <= $as_of ORDER BY d") == (
        "SELECT CAST(BROUND(a / 2) AS INT), CAST(b AS INT) FROM t WHERE c <= :as_of ORDER BY d NULLS LAST"
    )


@needs_sqlglot
def test_what_leaves_is_named_by_a_statement(empty: Path) -> None:
    programme = find_workspace(empty).programme
    made = statements(replace(programme, engine="spark"), date(2024, 1, 1), "d")
    found, columns = named_in(str(one.sql) for one in made if one.table not in building.OF_THE_DRAW)
    assert {name.split(".")[0] for name in found} == {"intake", "register"}
    assert columns.isdisjoint({"owner", "reason", "salt", "arm", "token", "fingerprint", "recorded_at"})
