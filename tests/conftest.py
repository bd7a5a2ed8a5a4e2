"""For every test: keys and user data go to a folder of this test run, never to the user's own."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import settings

from smartstart.crash_points import CRASH_POINTS, watched

if TYPE_CHECKING:
    import duckdb

sys.path.append(str(Path(__file__).parent / "functional"))  # the harness is every test's

# The suite uses every core already: more threads would only wait.
for threads in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "SMARTSTART_THREADS"):
    os.environ.setdefault(threads, "1")


settings.register_profile("suite", deadline=None)  # how fast something is, benchmarks say
settings.load_profile("suite")

# Files that take long go first: one of them at the end would keep one core waiting for the other.
SLOW = (
    "test_shell_lines", "test_lives", "test_canaries", "test_texts", "test_model", "test_files", "test_crash_points",
    "test_real_data", "test_erasing", "test_epochs", "test_analyse_trial", "test_looks", "test_report",
    "test_pooling_commands", "test_packing", "test_cli", "test_reruns", "test_spark",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow files first, and leave all else in its order."""
    place = {name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path.stem, len(SLOW)))


# --- the named crash points: one that no command passes in the whole suite fails it -----------------------------

_reached: set[str] = set()


def pytest_configure(config: pytest.Config) -> None:
    """Note which crash points are passed, in this process and in those of its workers."""
    watching = watched(_reached.add)
    watching.__enter__()
    config.add_cleanup(lambda: watching.__exit__(None, None, None))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker noted."""
    _reached.update(getattr(node, "workeroutput", {}).get("crash_points", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the whole suite when a crash point was never passed: what is never passed is never tried."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["crash_points"] = sorted(_reached)
    elif exitstatus == pytest.ExitCode.OK and _is_whole(session.config) and never_reached():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which crash points were never passed."""
    if _is_whole(config) and (missed := never_reached()):
        terminalreporter.write_line(f"FAILED: no command passed the crash points {', '.join(missed)}", red=True)


def never_reached() -> list[str]:
    """Return the crash points that no command has passed."""
    return sorted(set(CRASH_POINTS) - _reached)


def _is_whole(config: pytest.Config) -> bool:
    """Tell whether nothing was left out by names, words or marks."""
    chosen = (config.option.keyword, config.option.markexpr, config.option.collectonly, config.option.maxfail)
    return config.args == list(config.getini("testpaths")) and not any(chosen)


@dataclass(frozen=True)
class Demo:
    """The demo as it was played once for all workers: this worker's copy of its folder, and what it printed."""

    folder: Path
    printed: str


def played_once(tmp_path_factory: pytest.TempPathFactory, keys: Path, name: str, play: Callable[[Path], str]) -> Demo:
    """Let the first worker that asks play a demo, and give each a copy of what it left, with its keys."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"demo-{name}"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "printed").exists():
            patch.setenv("SMARTSTART_KEYS", str(shared / "keys"))
            (shared / "printed").write_text(play(shared / "demo"), "utf-8")
    shutil.copytree(shared / "keys", keys, dirs_exist_ok=True)
    own = shutil.copytree(shared / "demo", tmp_path_factory.mktemp(name) / "demo")
    return Demo(Path(own), (shared / "printed").read_text("utf-8"))


@pytest.fixture(scope="session")
def demo_played(tmp_path_factory: pytest.TempPathFactory, keys_root: Path) -> Demo:
    """The demo, as a newcomer plays it, with the same draw in every run. Whoever changes it makes a copy first."""
    from harness import ok, same_secrets

    def play(folder: Path) -> str:
        with same_secrets("demo"):  # an interval of 95 percent misses what was planted in one draw of twenty
            return ok("demo", folder).text

    return played_once(tmp_path_factory, keys_root, "rehearsal", play)


@pytest.fixture(scope="session")
def demo_as_if_real(tmp_path_factory: pytest.TempPathFactory, keys_root: Path) -> Demo:
    """The demo's women as if real: 44 answers of those that the plan asks for, 100 re-draws and 5 imputations."""
    from harness import ok

    from smartstart.new_workspace import make_workspace

    def made(place: Path, programme: str, **_options: Any) -> Any:
        workspace = make_workspace(place, programme, rehearsal=False, keys=None)
        text = (place / "programme.yaml").read_text("utf-8")
        for name in ("legal_ground", "dpia", "ethics_ruling", "trial_registration"):
            text = text.replace(f'{name}: ""', f'{name}: "made up"')
        text = text.replace("rerandomisations: 10000", "rerandomisations: 100")
        text = text.replace("imputations: 20", "imputations: 5")
        (place / "programme.yaml").write_text(text, "utf-8")
        return workspace

    def play(folder: Path) -> str:
        with mock.patch("smartstart.demo.make_workspace", made):
            return ok("demo", folder).text

    return played_once(tmp_path_factory, keys_root, "real", play)


@pytest.fixture(scope="session", autouse=True)
def keys_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the keys of all workspaces of this test run lie."""
    root = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTSTART_KEYS", str(root))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        yield root


@pytest.fixture(scope="session", autouse=True)
def as_users_open_it() -> Iterator[Callable[[], duckdb.DuckDBPyConnection]]:
    """Let DuckDB check the signature of its extension once here, as it takes longer than all else of an opening.

    What runs in a process of its own checks it every time, as users' commands do, and so does what this yields.
    """
    from harness import quick_engine

    from smartstart.warehouse import warehouse

    checking = warehouse._engine
    checking().close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "_engine", quick_engine)
        yield checking


@pytest.fixture(scope="session", autouse=True)
def laid_out_once() -> Iterator[None]:
    """Lay out a list or a letter once for all commands of a worker that make it again with the very same content.

    That two programs give the same bytes is held by the commands that run in processes of their own, and by the unit
    tests, which call what is kept here by its own name.
    """
    from smartstart.outreach import pdf

    kept: dict[str, bytes] = {}
    typeset = pdf.typeset

    def once(package: str, template: str, content: dict[str, Any], *rest: Any, **more: Any) -> bytes:
        asked = json.dumps([package, template, content, repr(rest), repr(more)])
        if asked not in kept:
            kept[asked] = typeset(package, template, content, *rest, **more)
        return kept[asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "typeset", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def empty_store_made_once() -> Iterator[None]:
    """Make MLflow's empty database once in a worker: its migrations take half a second each time."""
    from smartstart import experiments

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "_empty_database", cache(experiments._empty_database))
        yield
