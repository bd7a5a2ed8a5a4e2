"""The experiment store: in the workspace without a network, and on a real MLflow server on loopback."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest

from smartstart import experiments
from smartstart.errors import PolicyRefused, SmartstartError, StateError, UsageError
from smartstart.experiments import Column, Store, TrainingRecord, flat_metrics, open_store

PATIENCE = 60  # seconds for the server to answer at all; it takes about five

EVALUATION: dict[str, Any] = {
    "model": "spline",
    "horizon_months": 24,
    "n": 812,
    "events": 21,
    "auroc": {"estimate": 0.71, "lower": 0.66, "upper": 0.76},
    "calibration_slope": {"estimate": 0.94, "lower": float("nan"), "upper": None},
    "thresholds": [
        {"by": "share", "top_share": 0.1, "threshold": 0.08, "n_flagged": 81, "sensitivity": 0.34},
        {"by": "risk", "top_share": 0.2, "threshold": 0.05, "n_flagged": 170, "sensitivity": 0.5},
    ],
    "calibration_curve": [{"risk": 0.1, "observed": 0.1}],
    "baselines": {"factor_count": {"n": 812, "auroc": {"estimate": 0.64, "lower": 0.6, "upper": 0.68}}},
}

TRAINING = TrainingRecord(
    model=b"the bytes of a model",
    columns=(Column("age", "double"), Column("alone", "boolean")),
    outcome="uhp",
    horizon_months=24,
    made_up=True,
    data_fingerprint="ab" * 32,
    contract_versions={"brp": "1.0.0", "vragenlijst": "1.1.0"},
    parameters={"candidate": "spline", "penalty": 0.123456789, "seed": 4},
    evaluation=EVALUATION,
    artifacts={
        "figures/calibration.svg": b"<svg/>",
        "tables/calibration.csv": b"risk\n0.123456789\n",
        "card.html": b"<p>",
    },
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """Run a real server, its records in PostgreSQL: its address, the folder in which it keeps files, its database."""
    try:
        importlib.metadata.distribution("mlflow")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package mlflow (with its server) is not installed: pip install -e '.[dev]'")
    if postgres.programs() is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no PostgreSQL: install the package postgresql to try the server with its records in it")
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "files")]
    with postgres.running() as (database, opened_by), (folder / "log").open("wb") as log:
        environment = {**os.environ, **experiments.ALWAYS, **opened_by, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        environment |= {"MLFLOW_BACKEND_STORE_URI": database}
        environment.pop(experiments.ADDRESS_VARIABLE, None)
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", started, folder / "log")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PGPASSWORD", opened_by["PGPASSWORD"])
                yield f"http://127.0.0.1:{port}", folder / "files", database
        finally:
            os.killpg(started.pid, signal.SIGKILL)  # the server and the workers that it started
            started.wait()


def _wait_for(address: str, running: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and running.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


@pytest.fixture(params=["in the workspace", "on a server"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Either store, without a model; whoever uses it, nothing may appear in the current folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    if request.param == "on a server":
        monkeypatch.setenv(experiments.ADDRESS_VARIABLE, request.getfixturevalue("server")[0])
    else:
        monkeypatch.delenv(experiments.ADDRESS_VARIABLE, raising=False)
    opened = open_store(tmp_path / "workspace")
    for name in opened.names():
        opened._client.delete_registered_model(name)
    yield opened
    assert not list(elsewhere.iterdir())


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.delenv(experiments.ADDRESS_VARIABLE, raising=False)
    return open_store(tmp_path / "workspace")


def test_a_training_is_found_by_name_by_number_and_as_the_challenger(store: Store) -> None:
    first = store.record("heusden", TRAINING)
    second = store.record("heusden", replace(TRAINING, model=b"another model"))
    assert (first.label, second.label) == ("heusden/1", "heusden/2")
    assert store.find("heusden") == store.find("heusden/2") == store.find("challenger") == second
    assert store.find("heusden/1") == replace(first, aliases=())
    assert store.names() == ["heusden"]
    assert store.load_bytes(second) == b"another model"
    assert store.load_bytes(first) == TRAINING.model


def test_a_version_says_what_it_was_trained_for_and_on(store: Store) -> None:
    made = store.record("heusden", TRAINING)
    assert made.sha256 == hashlib.sha256(TRAINING.model).hexdigest()
    assert (made.outcome, made.horizon_months, made.made_up) == ("uhp", 24, True)
    assert made.data_fingerprint == TRAINING.data_fingerprint
    assert store.record("real", replace(TRAINING, made_up=False)).made_up is False


def test_one_model_of_the_whole_store_is_champion_and_one_is_challenger(store: Store) -> None:
    old = store.record("old", TRAINING)
    store.set_champion(old)
    assert store.find("champion").label == "old/1"
    new = store.record("new", TRAINING)
    assert store.find("challenger").label == "new/1"
    assert store.set_champion(new).aliases == ("champion",)
    assert store.find("champion").label == "new/1"
    assert store.find("old").aliases == ()
    with pytest.raises(UsageError, match="No model is challenger yet"):
        store.find("challenger")


def test_parameters_metrics_with_intervals_contracts_and_figures_are_in_the_run(store: Store) -> None:
    made = store.record("heusden", TRAINING)
    run = store._client.get_run(made.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"candidate": "spline", "penalty": "0.123456789", "seed": "4"}
    assert run.data.metrics == flat_metrics(EVALUATION)
    assert run.data.tags["contract.vragenlijst"] == "1.1.0"
    kept = {file.path for top in store._client.list_artifacts(made.run_id) for file in _below(store, made.run_id, top)}
    assert kept == {*TRAINING.artifacts, "model/model.skops", "model/MLmodel", "model/requirements.txt"}


def test_mlflow_itself_reads_the_signature_of_a_model(store: Store, tmp_path: Path) -> None:
    from mlflow.models import Model

    made = store.record("heusden", TRAINING)
    described = Model.load(store._client.download_artifacts(made.run_id, "model/MLmodel"))
    assert [(column.name, column.type.name) for column in described.signature.inputs] == [
        ("age", "double"),
        ("alone", "boolean"),
    ]
    assert list(described.flavors) == ["smartstart"]


def test_a_later_evaluation_is_kept_under_the_training_and_changes_nothing_of_it(store: Store) -> None:
    made = store.record("heusden", TRAINING)
    later = {**EVALUATION, "auroc": {"estimate": 0.5, "lower": 0.4, "upper": 0.6}}
    run = store._client.get_run(store.add_evaluation(made, later, {"evaluation.json": b"{}"}))
    assert run.data.tags["mlflow.parentRunId"] == made.run_id
    assert run.data.tags["evaluates"] == "heusden/1"
    assert run.data.metrics["auroc"] == 0.5
    assert store._client.get_run(made.run_id).data.metrics["auroc"] == 0.71


def test_a_swapped_model_file_is_refused_unread(store: Store, request: pytest.FixtureRequest) -> None:
    made = store.record("heusden", TRAINING)
    folder = store.artifacts_folder if store.address is None else request.getfixturevalue("server")[1]
    (kept,) = (path for path in folder.rglob("model.skops") if made.run_id in path.parts)
    kept.write_bytes(b"the bytes of a modeL")
    with pytest.raises(StateError, match="heusden/1 is not the one that was recorded: it was not opened"):
        store.load_bytes(made)
    kept.unlink()
    with pytest.raises(StateError, match=r"The experiment store"):
        store.load_bytes(made)


@pytest.mark.parametrize("asked", ["heusdn", "heusden/9", "heusden/x", "heusden/", "champion"])
def test_asking_for_a_model_that_does_not_exist_says_which_do(store: Store, asked: str) -> None:
    with pytest.raises(UsageError, match=r"train one with 'smartstart model train'|No model is champion"):
        store.find(asked)
    store.record("heusden", TRAINING)
    if asked == "heusden/":
        assert store.find(asked).version == 1
        return
    with pytest.raises(UsageError, match=r"heusden|smartstart model approve"):
        store.find(asked)


@pytest.mark.parametrize("name", ["champion", "challenger", "a/b", "", "x' OR 'a' = 'a", "-w", "n" * 65, "123456782"])
def test_a_name_that_means_something_else_is_refused(own: Store, name: str) -> None:
    with pytest.raises(UsageError):
        own.record(name, TRAINING)
    assert not own.folder.exists()


@pytest.mark.parametrize(
    "faulty",
    [
        {"parameters": {"seed": 123456782}},
        {"parameters": {"note": "for 123456782"}},
        {"parameters": {"123456782": 1}},
        {"artifacts": {"register.csv": b""}},
        {"artifacts": {"figures/../../calibration.svg": b""}},
        {"artifacts": {"tables/calibration.csv": b"risk;mother\n0.1;123456782\n"}},
    ],
)
def test_what_could_be_a_persons_data_never_reaches_the_store(own: Store, faulty: dict[str, Any]) -> None:
    with pytest.raises(PolicyRefused, match="nothing was recorded") as refusal:
        own.record("heusden", replace(TRAINING, **faulty))
    assert "123456782" not in str(refusal.value)
    assert not own.folder.exists()


def test_everything_in_the_workspaces_store_is_its_owners_only(own: Store) -> None:
    before = os.umask(0o022)
    try:
        own.record("heusden", TRAINING)
    finally:
        os.umask(before)
    everything = [own.folder / "experiments", *(own.folder / "experiments").rglob("*")]
    assert len(everything) > 10
    assert {path: oct(stat.S_IMODE(path.stat().st_mode) & 0o077) for path in everything} == dict.fromkeys(
        everything, "0o0"
    )


def test_a_moved_workspace_keeps_its_models_and_takes_new_ones(own: Store, tmp_path: Path) -> None:
    first = own.record("heusden", TRAINING)
    shutil.move(own.folder, tmp_path / "moved é # workspace")
    moved = open_store(tmp_path / "moved é # workspace")
    assert moved.find("heusden") == first
    assert moved.load_bytes(first) == TRAINING.model
    second = moved.record("heusden", TRAINING)
    assert moved.load_bytes(second) == TRAINING.model
    assert not own.folder.exists()


@pytest.mark.parametrize("name", ["100 %41", "which?"])
def test_a_folder_that_no_database_address_can_name_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(experiments.ADDRESS_VARIABLE, raising=False)
    with pytest.raises(StateError, match="give it a name without"):
        open_store(tmp_path / name).names()


def test_a_training_that_was_cut_off_registers_no_version(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(experiments, "write_file", _full_disk)
        with pytest.raises(StateError, match="the disk is full"):
            store.record("heusden", TRAINING)
    with pytest.raises(UsageError, match="no version"):
        store.find("heusden")
    assert store.record("heusden", TRAINING).version == 1


def test_another_projects_model_on_the_same_server_is_left_alone(store: Store) -> None:
    store._client.create_registered_model("theirs")
    try:
        with pytest.raises(UsageError, match="choose another --name"):
            store.record("theirs", TRAINING)
        assert store.names() == []
    finally:
        store._client.delete_registered_model("theirs")


def test_a_server_that_is_not_there_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(experiments.ADDRESS_VARIABLE, "http://clerk:open-sesame@127.0.0.1:9/path?token=open-sesame")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StateError, match=r"at http://127\.0\.0\.1:9 did not answer or refused: check") as refusal:
        open_store(tmp_path).names()
    assert refusal.value.__suppress_context__
    told = capfd.readouterr()
    assert "sesame" not in f"{refusal.value}{told.out}{told.err}"


@pytest.mark.parametrize("address", ["file:mlruns", "postgresql://clerk:open-sesame@127.0.0.1:9/x", "gibberish://x"])
def test_an_address_that_is_no_store_is_one_sentence_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(experiments.ADDRESS_VARIABLE, address)
    with pytest.raises(StateError) as refusal:
        open_store(tmp_path / "workspace").record("heusden", TRAINING)
    assert "sesame" not in str(refusal.value)


@pytest.mark.parametrize("damage", ["junk", "folder"])
def test_a_damaged_store_is_one_sentence_at_once(own: Store, damage: str) -> None:
    own.database_file.parent.mkdir(parents=True)
    own.database_file.mkdir() if damage == "folder" else own.database_file.write_bytes(b"junk" * 99)
    begun = time.monotonic()
    with pytest.raises(SmartstartError, match="could not be read or written"):
        own.names()
    assert time.monotonic() - begun < 5


def test_recording_in_the_workspace_makes_no_connection_and_says_nothing(tmp_path: Path) -> None:
    """In a process of its own, without what tells MLflow that it is being tested: then it sends nothing anyway."""
    program = textwrap.dedent("""
        import socket, sys
        tried = []
        def refuse(*anything, **more):
            tried.append(anything)
            raise OSError("no network here")
        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
        from pathlib import Path
        from smartstart.experiments import Column, TrainingRecord, open_store
        store = open_store(Path(sys.argv[1]))
        training = TrainingRecord(b"model", (Column("age", "double"),), "uhp", 24, True, "ab", {}, {}, {}, {})
        made = store.record("heusden", training)
        store.set_champion(made)
        assert store.load_bytes(store.find("champion")) == b"model"
        print(len(tried))
    """)
    told_apart = ("PYTEST", "CI", "GITHUB", "MLFLOW", "DO_NOT_TRACK")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(told_apart)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "workspace")],
        env=environment | {"HOME": str(elsewhere), "TMPDIR": str(elsewhere)},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.stdout, told.stderr, told.returncode) == ("0\n", "", 0)
    assert not list(elsewhere.iterdir())


def test_metrics_are_flat_and_what_does_not_exist_is_left_out() -> None:
    assert flat_metrics(EVALUATION) == {
        "horizon_months": 24,
        "n": 812,
        "events": 21,
        "auroc": 0.71,
        "auroc_lower": 0.66,
        "auroc_upper": 0.76,
        "calibration_slope": 0.94,
        "top_share_top_10": 0.1,
        "threshold_top_10": 0.08,
        "n_flagged_top_10": 81,
        "sensitivity_top_10": 0.34,
        "top_share_risk_5": 0.2,
        "threshold_risk_5": 0.05,
        "n_flagged_risk_5": 170,
        "sensitivity_risk_5": 0.5,
        "factor_count.n": 812,
        "factor_count.auroc": 0.64,
        "factor_count.auroc_lower": 0.6,
        "factor_count.auroc_upper": 0.68,
    }


def _below(store: Store, run_id: str, file: Any) -> list[Any]:
    if not file.is_dir:
        return [file]
    return [inner for one in store._client.list_artifacts(run_id, file.path) for inner in _below(store, run_id, one)]


def _full_disk(path: Path, content: bytes) -> str:
    raise StateError("the disk is full")


def test_the_server_keeps_its_records_in_postgresql(
    server: tuple[str, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _, database = server
    monkeypatch.setenv(experiments.ADDRESS_VARIABLE, address)
    opened = open_store(tmp_path / "workspace")
    opened.record("in-postgresql", TRAINING)
    with psycopg.connect(database.replace("+psycopg", "")) as found:
        kept = found.execute("SELECT name, version FROM model_versions WHERE name LIKE '%in-postgresql%'").fetchall()
        (metrics,) = found.execute("SELECT count(*) FROM metrics").fetchone() or (0,)
    assert len(kept) == 1 and metrics > 0
    opened._client.delete_registered_model(kept[0][0])
    assert not (tmp_path / "workspace").exists() or not list((tmp_path / "workspace").rglob("*.db"))
