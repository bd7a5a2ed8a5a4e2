"""The experiment store: MLflow, which nothing else here imports. It holds models and figures, and nobody's data.

Without MLFLOW_TRACKING_URI the store is one SQLite file and a folder in the workspace, and no connection is made.
MLflow writes absolute paths in its tables, and workspaces move: the folder's own files are therefore found by run, not
by those paths (MLflow's own pages show the files of a moved workspace only where they used to lie).
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import re
import socket
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOENT
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from smartstart.errors import PolicyRefused, SmartstartError, StateError, UsageError, nearest
from smartstart.outputs import make_folder, write_file
from smartstart.risk.artefact import MOST_BYTES

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

ADDRESS_VARIABLE = "MLFLOW_TRACKING_URI"
EXPERIMENT = "smartstart"
CHALLENGER = "challenger"  # the newest model that was trained
CHAMPION = "champion"  # the one that was approved
ALIASES = (CHALLENGER, CHAMPION)
MODEL_FILE = "model/model.skops"
OURS = "smartstart.model"  # the tag that tells our models from others on a shared server
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NINE_DIGITS = re.compile(r"(?<![\w.])\d{9}(?!\w)")  # a BSN's form; not the decimals of a number
RUN_ID = re.compile("[0-9a-f]{32}")  # as MLflow makes them
THEIRS = ("alembic", "mlflow", "requests", "sqlalchemy", "urllib3")  # whose errors MLflow lets through
_USUAL_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
BATCH = 100  # what MLflow takes of parameters at once

# What a run may hold, by name: figures with their tables, the card, the evaluation. A register's rows are none of them.
SUBJECTS = (
    "calibration",
    "comparison",
    "decision",
    "drift",
    "flagged",
    "instability",
    "learning",
)
ARTIFACTS = frozenset(
    {"card.html", "card.json", "evaluation.json", "comparison.json", "sample_size.json", "tuning.json"}
    | {f"figures/{subject}.svg" for subject in SUBJECTS}
    | {f"tables/{subject}.csv" for subject in SUBJECTS}
)

REQUIREMENTS = ("smartstart", "scikit-learn", "skops", "numpy", "scipy", "pandas")

ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # below it MLflow prints tracebacks with addresses
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",  # holds no file open between two questions
}
UNLESS_SET = {  # MLflow alone would wait for minutes on a server that is not there
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


@dataclass(frozen=True)
class Column:
    """One column that the model reads, with its type in MLflow's words."""

    name: str
    kind: Literal["boolean", "long", "double", "string"]


@dataclass(frozen=True)
class TrainingRecord:
    """What is kept of one training. ``evaluation`` has the form of ``Evaluation.as_dict()``."""

    model: bytes  # what artefact.to_bytes made
    columns: tuple[Column, ...]
    outcome: str
    horizon_months: int
    made_up: bool  # learned on made-up people: never for real work
    data_fingerprint: str
    contract_versions: Mapping[str, str]
    parameters: Mapping[str, str | int | float]
    evaluation: Mapping[str, Any]
    artifacts: Mapping[str, bytes]  # by a name of ARTIFACTS


@dataclass(frozen=True)
class ModelVersion:
    """One registered model; ``sha256`` is that of its skops file as it was recorded."""

    name: str
    version: int
    run_id: str
    sha256: str
    outcome: str
    horizon_months: int
    made_up: bool
    data_fingerprint: str
    aliases: tuple[str, ...]

    @property
    def label(self) -> str:
        """``NAME/3``, the form in which people name a version."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class Store:
    """An experiment store: ``address`` is None for the folder's own, else what MLFLOW_TRACKING_URI said."""

    folder: Path
    address: str | None

    @property
    def database_file(self) -> Path:
        """The folder's own SQLite file."""
        return self.folder / "experiments" / "mlflow.db"

    @property
    def artifacts_folder(self) -> Path:
        """Where the files of the folder's own runs lie, by run."""
        return self.folder / "experiments" / "artifacts"

    @property
    def place(self) -> str:
        """Where the store is, without the name and password that an address may carry."""
        if self.address is None:
            return f"'{self.database_file}'"
        parts = urlsplit(self.address)
        if not parts.hostname:
            return f"the address in {ADDRESS_VARIABLE}"
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def record(self, name: str, training: TrainingRecord) -> ModelVersion:
        """Keep a training as a run and register its model under ``name``, as the ``challenger``.

        Raises UsageError for a name that cannot be one, PolicyRefused for what could be a person's data, and
        StateError when the store does not answer.
        """
        judge_name(name)
        _judge_parameters(training.parameters)
        _judge_artifacts(training.artifacts)
        files = {**training.artifacts, **_model_files(training)}
        tags, metrics = _training_tags(training), flat_metrics(training.evaluation)
        with self._asking():
            self._make_model(name)
            run_id = self._run(name, training.parameters, metrics, tags, files)
            source = f"{self._client.get_run(run_id).info.artifact_uri}/model"
            made = self._client.create_model_version(name, source, run_id=run_id, tags=tags, await_creation_for=0)
            self._move_alias(CHALLENGER, name, int(made.version))
        return self.find(f"{name}/{made.version}")

    def add_evaluation(self, version: ModelVersion, evaluation: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
        """Keep a later evaluation of a version as a run under the run of its training; return the run's id."""
        _judge_artifacts(files)
        tags = {
            "evaluates": version.label,
            "sha256": version.sha256,
            "mlflow.parentRunId": version.run_id,
        }
        with self._asking():
            return self._run(f"{version.label} evaluated", {}, flat_metrics(evaluation), tags, files)

    def find(self, asked: str) -> ModelVersion:
        """Return the model called ``NAME`` (its newest version), ``NAME/3``, ``challenger`` or ``champion``.

        Raises UsageError when there is none.
        """
        with self._asking():
            if asked in ALIASES:
                return self._by_alias(asked)
            name, _, number = asked.partition("/")
            known = self._models()
            if name not in known:
                raise UsageError(_no_model(f"There is no model '{name}'{nearest(name, list(known))}", list(known)))
            versions = {int(one.version): one for one in self._client.search_model_versions(f"name = '{name}'")}
            if not versions:
                raise UsageError(f"The model '{name}' has no version: train it with 'smartstart model train'.")
            wanted = number or str(max(versions))
            if not wanted.isdecimal() or int(wanted) not in versions:
                raise UsageError(f"The model '{name}' has the versions {_listed(map(str, sorted(versions)))} only.")
            return self._version(name, int(wanted))

    def names(self) -> list[str]:
        """Return the names of the registered models."""
        with self._asking():
            return sorted(self._models())

    def load_bytes(self, version: ModelVersion) -> bytes:
        """Return the model file of a version. Raises StateError, with nothing of it read, when it was swapped."""
        with self._asking():
            content = self._read(version.run_id, MODEL_FILE)
        if hashlib.sha256(content).hexdigest() != version.sha256:
            raise StateError(
                f"The file of model {version.label} is not the one that was recorded: it was not opened; restore the "
                "experiment store from its backup or train the model again."
            )
        return content

    def set_champion(self, version: ModelVersion) -> ModelVersion:
        """Make a version the one ``champion`` of the store; the one before it stays registered."""
        with self._asking():
            self._move_alias(CHAMPION, version.name, version.version)
            if self._models()[version.name].get(CHALLENGER) == version.version:
                self._client.delete_registered_model_alias(version.name, CHALLENGER)
            return self._version(version.name, version.version)

    @cached_property
    def _client(self) -> MlflowClient:
        client = _quiet_client()
        if self.address is not None:
            _knock(self.address)
            return client(tracking_uri=self.address, registry_uri=self.address)
        if not self.database_file.exists():
            make_folder(self.folder / "experiments")
            write_file(self.database_file, _empty_database())
        with self.database_file.open("rb"):  # MLflow tries a file that cannot be read for 100 seconds
            pass
        path = self.database_file.resolve().as_posix()
        if "%" in path or "?" in path:  # these mean something else in the address of a database
            raise StateError(f"The experiment store cannot lie in '{self.folder}': give it a name without '%' and '?'.")
        address = f"sqlite:///{path}"
        return client(tracking_uri=address, registry_uri=address)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn whatever MLflow, its database or the network raise into one sentence, without addresses' secrets."""
        try:
            yield
        except SmartstartError:
            raise
        except Exception as fault:
            if not isinstance(fault, (OSError, ImportError)) and type(fault).__module__.partition(".")[0] not in THEIRS:
                raise
            raise StateError(self._refusal()) from None

    def _refusal(self) -> str:
        if self.address is None:
            return (
                f"The experiment store {self.place} could not be read or written: make room or mend the folder's "
                "permissions, or restore it from the backup, then give the same command again."
            )
        return (
            f"The experiment store at {self.place} did not answer or refused: check that it runs, that "
            f"{ADDRESS_VARIABLE} names it and that you may write there, then give the same command again."
        )

    def _run(
        self,
        name: str,
        parameters: Mapping[str, str | int | float],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        files: Mapping[str, bytes],
    ) -> str:
        """Keep one run, whole: a run that was cut off is marked as failed and has no model."""
        run = self._client.create_run(self._experiment(), run_name=name, tags=dict(tags))
        run_id: str = run.info.run_id
        try:
            self._log(run, parameters, metrics)
            self._write(run_id, files)
            self._client.set_terminated(run_id, "FINISHED")
        except BaseException:
            with suppress(Exception):  # the store that just refused may refuse this too
                self._client.set_terminated(run_id, "FAILED")
            raise
        return run_id

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        # a server knows where it keeps files; a database alone does not, and MLflow would use the current folder
        over_http = self.address is not None and urlsplit(self.address).scheme in {"http", "https"}
        location = None if over_http else make_folder(self.artifacts_folder).resolve().as_uri()
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=location))

    def _log(self, run: Run, parameters: Mapping[str, str | int | float], metrics: Mapping[str, float]) -> None:
        from mlflow.entities import Metric, Param

        started = run.info.start_time
        params = [Param(key, str(value)) for key, value in parameters.items()]
        values = [Metric(key, value, started, 0) for key, value in metrics.items()]
        for start in range(0, max(len(params), len(values)), BATCH):
            part = slice(start, start + BATCH)
            self._client.log_batch(run.info.run_id, metrics=values[part], params=params[part])

    def _write(self, run_id: str, files: Mapping[str, bytes]) -> None:
        if self.address is None:
            for folder in (self.artifacts_folder / run_id, self._own_file(run_id, "")):
                make_folder(folder)
            for name, content in files.items():
                write_file(self._own_file(run_id, name), content)
            return
        with TemporaryDirectory() as passing:
            for name, content in files.items():
                write_file(Path(passing) / name, content)
            self._client.log_artifacts(run_id, passing)

    def _read(self, run_id: str, name: str) -> bytes:
        if self.address is None:
            return _judged_size(self._own_file(run_id, name))
        with TemporaryDirectory() as passing:
            return _judged_size(Path(self._client.download_artifacts(run_id, name, passing)))

    def _own_file(self, run_id: str, name: str) -> Path:
        return self.artifacts_folder / run_id / "artifacts" / name

    def _models(self) -> dict[str, dict[str, int]]:
        """Return our registered models, each with its aliases and the version that they point to."""
        found: dict[str, dict[str, int]] = {}
        token = None
        while True:
            page = self._client.search_registered_models(f"tags.`{OURS}` = 'yes'", page_token=token)
            found |= {one.name: {alias: int(number) for alias, number in one.aliases.items()} for one in page}
            token = page.token
            if not token:
                return found

    def _make_model(self, name: str) -> None:
        if name in self._models():
            return
        if self._client.search_registered_models(f"name = '{name}'"):
            raise UsageError(
                f"The store at {self.place} holds a model '{name}' that is not ours: choose another --name."
            )
        self._client.create_registered_model(name, tags={OURS: "yes"})

    def _by_alias(self, alias: str) -> ModelVersion:
        held = [(name, aliases[alias]) for name, aliases in self._models().items() if alias in aliases]
        if not held:
            how = "model approve" if alias == CHAMPION else "model train"
            raise UsageError(f"No model is {alias} yet: make one with 'smartstart {how}', or name one with --model.")
        if len(held) > 1:
            names = _listed(name for name, _ in held)
            raise StateError(f"The models {names} are {alias} at once: approve one of them again.")
        return self._version(*held[0])

    def _move_alias(self, alias: str, name: str, number: int) -> None:
        """Give the alias to one version. Others lose it first: cut off in between, there is none rather than two."""
        for other, aliases in self._models().items():
            if alias in aliases and other != name:
                self._client.delete_registered_model_alias(other, alias)
        self._client.set_registered_model_alias(name, alias, str(number))

    def _version(self, name: str, number: int) -> ModelVersion:
        found = self._client.get_model_version(name, str(number))
        try:
            if not RUN_ID.fullmatch(str(found.run_id)):  # it becomes part of a path
                raise ValueError
            return ModelVersion(
                name=name,
                version=int(found.version),
                run_id=str(found.run_id),
                sha256=found.tags["sha256"],
                outcome=found.tags["outcome"],
                horizon_months=int(found.tags["horizon_months"]),
                made_up=found.tags["made_up"] != "no",
                data_fingerprint=found.tags["data_fingerprint"],
                aliases=tuple(sorted(self._aliases_of(name, int(found.version)))),
            )
        except (KeyError, ValueError):
            raise StateError(
                f"The model {name}/{number} was not recorded by smartstart, or its tags were changed: train it again."
            ) from None

    def _aliases_of(self, name: str, number: int) -> list[str]:
        return [alias for alias, held in self._models().get(name, {}).items() if held == number]


def open_store(folder: Path) -> Store:
    """Return the experiment store of a workspace's folder, or the server that MLFLOW_TRACKING_URI names.

    Nothing is loaded or connected yet: the first question does that (about two seconds, mostly MLflow's imports).
    """
    return Store(folder, os.environ.get(ADDRESS_VARIABLE) or None)


def _knock(address: str) -> None:
    """Raise OSError at once where no database listens: MLflow tries one that is not there for 100 seconds."""
    parts = urlsplit(address)
    usual = next((port for name, port in _USUAL_PORTS.items() if parts.scheme.startswith(name)), None)
    if usual and parts.hostname:
        socket.create_connection((parts.hostname, parts.port or usual), timeout=10).close()


def flat_metrics(evaluation: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers of an evaluation by flat names: ``auroc``, ``auroc_lower``, ``sensitivity_top_10`` ...

    A number that does not exist (None, not a number) is left out, since a store cannot hold it apart from zero.
    Baselines follow under their own name and a dot. Curves and groups are tables, not metrics.
    """
    flat: dict[str, float] = {}
    for key, value in evaluation.items():
        if isinstance(value, Mapping) and "estimate" in value:
            names = {"estimate": f"{prefix}{key}", "lower": f"{prefix}{key}_lower", "upper": f"{prefix}{key}_upper"}
            flat |= _numbers({names[part]: value.get(part) for part in names})
        elif not isinstance(value, (Mapping, list)):
            flat |= _numbers({f"{prefix}{key}": value})
    for threshold in evaluation.get("thresholds") or []:
        flat |= _numbers({f"{prefix}{key}_{_cut(threshold)}": value for key, value in threshold.items()})
    for name, baseline in (evaluation.get("baselines") or {}).items():
        flat |= flat_metrics(baseline, f"{prefix}{name}.")
    return flat


def _cut(threshold: Mapping[str, Any]) -> str:
    """Return ``top_10`` for the tenth with the highest risk, ``risk_5`` for a threshold of 5 %."""
    if threshold.get("by", "share") == "share":
        return f"top_{100 * float(threshold['top_share']):g}"
    return f"risk_{100 * float(threshold['threshold']):g}"


def _numbers(named: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in named.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }


def judge_name(name: str) -> None:
    """Raise UsageError unless a model may be called this."""
    if not MODEL_NAME.fullmatch(name) or name in ALIASES or NINE_DIGITS.search(name):
        raise UsageError(
            "The name of a model is letters, digits, '-', '_' and '.', at most 64 of them, and not 'champion' or "
            "'challenger': choose another --name."
        )


def _judge_parameters(parameters: Mapping[str, str | int | float]) -> None:
    for key, value in parameters.items():
        # the decimals of a float are no BSN; whole numbers and texts can be one
        if NINE_DIGITS.search(key) or (not isinstance(value, float) and NINE_DIGITS.search(str(value))):
            raise PolicyRefused(
                "A parameter of the training has nine digits, as a BSN has: nothing was recorded; choose another value."
            )


def _judge_artifacts(artifacts: Mapping[str, bytes]) -> None:
    for name, content in artifacts.items():
        if name not in ARTIFACTS:
            raise PolicyRefused(
                "A file for the experiment store is not on the list of what may lie there: nothing was recorded; "
                "add its name to smartstart.experiments only if it can hold no person's data."
            )
        if NINE_DIGITS.search(content.decode("utf-8", errors="replace")):
            raise PolicyRefused(
                f"The file '{name}' holds a number of nine digits, as a BSN is: nothing was recorded; look where it "
                "comes from before you train again."
            )


def _training_tags(training: TrainingRecord) -> dict[str, str]:
    contracts = {f"contract.{name}": version for name, version in sorted(training.contract_versions.items())}
    return {
        "sha256": hashlib.sha256(training.model).hexdigest(),
        "outcome": training.outcome,
        "horizon_months": str(training.horizon_months),
        "made_up": "yes" if training.made_up else "no",
        "data_fingerprint": training.data_fingerprint,
        **contracts,
    }


def _model_files(training: TrainingRecord) -> dict[str, bytes]:
    """Return the model with what MLflow's pages show of it. No flavour of MLflow's own: MLflow itself can't load it."""
    _quiet_client()
    from importlib.metadata import version

    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(column.kind, column.name, required=False) for column in training.columns]),
        outputs=Schema([ColSpec("double", "risk")]),
    )
    described = Model(artifact_path="model", signature=signature)
    described.add_flavor("smartstart", model=Path(MODEL_FILE).name, form="skops")
    requirements = "".join(f"{package}=={version(package)}\n" for package in REQUIREMENTS)
    return {
        MODEL_FILE: training.model,
        "model/MLmodel": described.to_yaml().encode(),
        "model/requirements.txt": requirements.encode(),
    }


def _judged_size(path: Path) -> bytes:
    if not path.is_file():  # nor a device, which has no size and no end
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT))
    if path.stat().st_size > MOST_BYTES:
        raise StateError("The model file is far larger than a model: it was not opened; restore it from the backup.")
    return path.read_bytes()


def _no_model(what: str, known: list[str]) -> str:
    if not known:
        return f"{what}: train one with 'smartstart model train'."
    return f"{what}: the store holds {_listed(known)}."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _quiet_client() -> type[MlflowClient]:
    """Import MLflow with its telemetry off and its log quiet, and return its client.

    The client takes the store's address itself: the process's own (``mlflow.set_tracking_uri``) is left alone.
    """
    os.environ.update(ALWAYS)
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for logger in ("mlflow", "alembic", "urllib3.connectionpool"):  # the last would print addresses with each retry
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    return MlflowClient


def _empty_database() -> bytes:
    """Return a store without runs: MLflow's migrations, in memory, so that no half-made file is ever left behind."""
    import sqlalchemy
    from mlflow.store.db.utils import _initialize_tables

    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # MLflow's quarrel with SQLAlchemy
            _initialize_tables(engine)  # type: ignore[no-untyped-call]
        connection = engine.raw_connection()
        content: bytes = connection.driver_connection.serialize()  # type: ignore[union-attr]
        connection.close()
    finally:
        engine.dispose()
    return content
