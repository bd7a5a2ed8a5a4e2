"""A session with Spark: on this machine, or with the cluster that ``SPARK_MASTER`` names; silent, and on loopback here.

What else a cluster needs stands in its own ``spark-defaults.conf``, which Spark finds by ``SPARK_CONF_DIR``.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smartstart.engine import memory_asked, threads_asked
from smartstart.errors import StateError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER_VARIABLE: Final = "SPARK_MASTER"
INSTALL: Final = "install it with: pip install '.[spark]'"

# what holds for every session: nothing is shown, served or kept, and what is spilled is encrypted
_ALWAYS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "false",
    "spark.io.encryption.enabled": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.hadoop.fs.permissions.umask-mode": "077",
}
_HERE: Final = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


@contextmanager
def spark_session(folder: Path) -> Iterator[SparkSession]:
    """Open a session that keeps what it spills in ``folder``, and close it.

    Raises UsageError when PySpark, sqlglot or Java is not there, StateError when Spark does not start.
    """
    refuse_without_spark()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own interface to pandas, which nothing here uses
        with _opened(folder) as spark:
            yield spark


@contextmanager
def _opened(folder: Path) -> Iterator[SparkSession]:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    master = os.environ.get(MASTER_VARIABLE, "").strip() or f"local[{threads_asked() or '*'}]"
    settings = {**_ALWAYS, "spark.local.dir": str(folder), "spark.sql.warehouse.dir": in_full(folder / "tables")}
    if master.startswith("local"):
        cores = threads_asked() or os.cpu_count() or 1
        settings |= {**_HERE, "spark.sql.shuffle.partitions": str(2 * cores)}
        if memory := memory_asked():
            settings["spark.driver.memory"] = f"{memory}m"
    building = SparkSession.builder.appName("smartstart").master(master)
    for name, value in settings.items():
        building = building.config(name, value)
    try:
        with _unheard():
            spark = building.getOrCreate()
    except (PySparkException, OSError, RuntimeError):
        raise StateError(
            f"Spark did not start: it needs Java 17 or newer, and the master that {MASTER_VARIABLE} names, if it "
            "names one."
        ) from None
    try:
        yield spark
    finally:
        spark.stop()


def refuse_without_spark() -> None:
    """Raise UsageError when what ``engine: spark`` needs is not installed."""
    for package in ("pyspark", "sqlglot"):
        if find_spec(package) is None:
            raise UsageError(f"programme.yaml, engine: spark needs {package}: {INSTALL}.")
    home = os.environ.get("JAVA_HOME", "")
    if not (home and (Path(home) / "bin" / "java").is_file()) and shutil.which("java") is None:
        raise UsageError(
            "programme.yaml, engine: spark needs Java 17 or newer: install it (on Debian: apt install "
            "openjdk-17-jre-headless)."
        )


def in_full(path: Path) -> str:
    """Return a path as Spark must be told it: of a file system that every machine sees, not of the cluster's own."""
    return f"file://{path}"  # Path.as_uri would write a space as %20, which Spark takes as it stands


@contextmanager
def _unheard() -> Iterator[None]:
    """Let what is started within have no output: Spark's log says what it does, and could quote a value."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        yield
    finally:
        for stream, before in zip((1, 2), kept, strict=True):
            os.dup2(before, stream)
            os.close(before)
        os.close(nowhere)
