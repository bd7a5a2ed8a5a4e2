"""The model registry swapped for a hostile one: refused in a sentence, before a byte of it is executed."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from harness import Done, copied, init, is_one_sentence, smartstart
from hostile_files import pickles
from results import note
from test_experiments import TRAINING
from watch import watched

from smartstart import experiments
from smartstart.approved import keep_copy, record_approval
from smartstart.experiments import open_store
from smartstart.workspace import find_workspace

MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.0
    code: code
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}
"""
COMMANDS = (
    ("model", "card", "--model", "challenger", "--out", "card.html"),
    ("model", "approve", "--owner", "x", "--reason", "x"),
    ("model", "evaluate", "--model", "challenger", "--extracts", "in"),
    ("model", "adapt", "--model", "challenger", "--extracts", "in"),
)


@dataclass
class Shop:
    """A workspace with one model in its store, which an attacker holds, and the file that would betray him."""

    workspace: Path
    run_id: str
    sentinel: Path

    @property
    def database(self) -> Path:
        return self.workspace / "experiments" / "mlflow.db"

    @property
    def model(self) -> Path:
        return self.workspace / "experiments" / "artifacts" / self.run_id / "artifacts" / "model" / "model.skops"

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement)

    def put(self, content: bytes) -> None:
        """Put another file in the model's place, with the checksum that the store says it has."""
        self.model.chmod(0o600)
        self.model.write_bytes(content)
        sha = hashlib.sha256(content).hexdigest()
        self.sql(f"UPDATE model_version_tags SET value = '{sha}' WHERE key = 'sha256'")


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    workspace = init(tmp_path_factory.mktemp("shop") / "w")
    made = open_store(workspace).record("heusden", TRAINING)
    return workspace, made.run_id


@pytest.fixture
def shop(sold: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    yield Shop(copied(sold[0], tmp_path / "w"), sold[1], tmp_path / "it-lives")


def tried(shop: Shop, *command: str, elsewhere: tuple[Path, ...] = ()) -> Done:
    keys = find_workspace(shop.workspace).keys_folder
    with watched(shop.workspace.parent, keys, Path("/tmp"), *elsewhere) as seen:
        done = smartstart(*command, w=shop.workspace)
    assert seen.started == [] and seen.called == []
    assert not shop.sentinel.exists()
    return done


HOSTILE = list(pickles("/x"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_would_run_code_is_refused_although_the_store_says_that_it_is_right(name: str, shop: Shop) -> None:
    shop.put(pickles(str(shop.sentinel))[name])
    for command in COMMANDS[:2]:
        assert is_one_sentence(tried(shop, *command), 5), command
    note("registry", 2, payloads=len(HOSTILE))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_swapped_file_is_refused_unopened_when_the_checksum_is_still_the_recorded_one(name: str, shop: Shop) -> None:
    shop.model.chmod(0o600)
    shop.model.write_bytes(pickles(str(shop.sentinel))[name])
    done = tried(shop, *COMMANDS[0])
    assert is_one_sentence(done, 5) and "it was not opened" in done.err
    note("registry", 1)


def _elsewhere(shop: Shop, run_id: str) -> None:
    shop.sql("PRAGMA foreign_keys = OFF", f"UPDATE model_versions SET run_id = '{run_id}'")


SWAPS: dict[str, Callable[[Shop], None]] = {
    "a run that is a path upwards": lambda shop: _elsewhere(shop, "../../../in"),
    "a run that is an absolute path": lambda shop: _elsewhere(shop, "/proc/self/root/dev"),
    "a run that is a device": lambda shop: _elsewhere(shop, "/dev/zero"),
    "no run": lambda shop: shop.sql("UPDATE model_versions SET run_id = NULL"),
    "a checksum that is none": lambda shop: shop.sql("UPDATE model_version_tags SET value = 'x' WHERE key = 'sha256'"),
    "no checksum": lambda shop: shop.sql("DELETE FROM model_version_tags WHERE key = 'sha256'"),
    "a horizon that is no number": lambda shop: shop.sql(
        "UPDATE model_version_tags SET value = '{{1}}' WHERE key LIKE 'horizon%'"
    ),
    "a file that is a device": lambda shop: (shop.model.unlink(), shop.model.symlink_to("/dev/zero"))[0],
    "a file that is a folder": lambda shop: (shop.model.unlink(), shop.model.mkdir())[0],
    "a file that is gone": lambda shop: shop.model.unlink(),
    "a file without end": lambda shop: _sparse(shop.model),
    "a database that is a pickle": lambda shop: _over(shop.database, pickles(str(shop.sentinel))["pickle, protocol 4"]),
    "a database of other tables": lambda shop: _other_tables(shop.database),
    "a database that runs a trigger": lambda shop: shop.sql(
        "DROP TABLE IF EXISTS model_versions",
        "CREATE VIEW model_versions AS SELECT load_extension('/dev/shm/x.so') AS name",
    ),
    "an older schema": lambda shop: shop.sql("UPDATE alembic_version SET version_num = 'ffffffffffff'"),
}


def _sparse(path: Path) -> None:
    path.chmod(0o600)
    with path.open("wb") as stream:
        stream.truncate(2**40)


def _over(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _other_tables(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")


@pytest.mark.parametrize("name", SWAPS)
def test_a_store_that_points_elsewhere_or_is_no_store_is_one_sentence(name: str, shop: Shop) -> None:
    SWAPS[name](shop)
    for command in COMMANDS:
        done = tried(shop, *command)  # 2 when the store seems empty to us
        assert is_one_sentence(done, 5) or is_one_sentence(done, 2), (command, done.code, done.err)
    note("registry", len(COMMANDS))


@pytest.mark.parametrize("column", ["source", "storage_location"])
@pytest.mark.parametrize("place", ["file:///etc", "../../..", "http://127.0.0.1:9/x", "s3://bucket/x", "\\\\server\\x"])
def test_an_address_that_the_store_gives_is_never_followed(place: str, column: str, shop: Shop) -> None:
    shop.sql(
        f"UPDATE model_versions SET {column} = '{place}'",
        f"UPDATE runs SET artifact_uri = '{place}'",
        f"UPDATE experiments SET artifact_location = '{place}'",
    )
    done = tried(shop, *COMMANDS[0])
    assert (
        is_one_sentence(done, 5) and "or no model of smartstart" in done.err
    )  # its own file was read, and is no model
    note("registry", 1)


def test_flavours_code_and_pickles_that_lie_beside_a_model_are_never_looked_at(shop: Shop) -> None:
    folder = shop.model.parent
    (folder / "MLmodel").chmod(0o600)
    (folder / "MLmodel").write_text(MLMODEL, "utf-8")
    (folder / "code").mkdir()
    (folder / "code" / "mlflow.py").write_text(f"open({str(shop.sentinel)!r}, 'w')\n", "utf-8")
    (folder / "model.pkl").write_bytes(pickles(str(shop.sentinel))["pickle, protocol 4"])
    (folder / "conda.yaml").write_text(f"x: !!python/object/apply:os.system ['touch {shop.sentinel}']", "utf-8")
    for command in COMMANDS:
        assert is_one_sentence(tried(shop, *command), 5)
    note("registry", len(COMMANDS))


@pytest.mark.parametrize("name", HOSTILE)
def test_an_approved_model_that_was_swapped_is_refused_unopened(name: str, shop: Shop) -> None:
    """With a checksum that does not fit, and even with one that somebody approved."""
    hostile = pickles(str(shop.sentinel))[name]
    workspace = find_workspace(shop.workspace)
    for sha, said in (
        ("ab" * 32, "is not the model that was approved"),
        (hashlib.sha256(hostile).hexdigest(), "it was not opened"),
    ):
        row = {
            "sha256": sha,
            "label": "heusden/1",
            "outcome": "uhp",
            "horizon_months": 60,
            "approved_on": date(2024, 4, 2),
            "owner": "x",
            "reason": "x",
            "explained": "",
            "grounds": "{}",
        }
        with workspace.open_warehouse() as warehouse:
            record_approval(warehouse, row)
        keep_copy(workspace, sha, hostile)
        done = tried(shop, "model", "card", "--model", "champion", "--out", "card.html")
        assert is_one_sentence(done, 5) and said in done.err, done.err
        assert not (shop.workspace.parent / "card.html").exists()
    note("registry", 2)


def test_a_whole_store_of_somebody_else_is_refused(shop: Shop, tmp_path: Path) -> None:
    other = tmp_path / "other"
    evil = pickles(str(shop.sentinel))["skops that calls system"]
    open_store(other).record("heusden", replace(TRAINING, model=evil))
    shutil.rmtree(shop.workspace / "experiments")
    shutil.copytree(other / "experiments", shop.workspace / "experiments")
    for command in COMMANDS:
        assert is_one_sentence(tried(shop, *command), 5), command
    note("registry", len(COMMANDS))


def test_our_own_code_knows_no_way_to_open_a_pickle() -> None:
    """``mlflow.pyfunc``, ``pickle``, ``joblib`` and ``numpy`` with objects: nowhere in what we ship."""
    source = Path(experiments.__file__).parent
    words = (
        "load_model(",
        "pyfunc",
        "import pickle",
        "pickle.load",
        "joblib.load",
        "allow_pickle=True",
        "cloudpickle",
        "import dill",
    )
    found = [(path.name, word) for path in source.rglob("*.py") for word in words if word in path.read_text("utf-8")]
    assert found == []
