"""Put small faults into the modules that everything stands on, one at a time, and see a test fail.

Usage: run.py [--coverage] [--most N] [--processes N] [--results FILE] [MODULE …], such as ``trial/ledger.py``. Results
are added to the file by module. Says which survivors have no explanation in survivors.yaml, and which explanations are
of none.

A module's tests are collected once. For each mutant the process forks, gives the one function (or constant) its changed
code, and runs the tests that come by the changed line, the likeliest to notice first and for some seconds at most, so
that a mutant may survive here that the whole suite would kill. A mutant outside functions that survives,
and one that no test comes by, is tried again in a process that imports the changed module before all else. No file is
changed.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

import coverage
import pytest
import yaml
from mutants import Mutant, mutants_of

HERE: Final = Path(__file__).parent
TESTS: Final = HERE.parent
SOURCE: Final = TESTS.parent / "src" / "smartstart"
SURVIVED, KILLED, STILLBORN = 0, 1, 9
BUDGET: Final = 8.0  # seconds of processor that the tests of one mutant may take, as they did unchanged
MOST_BYTES: Final = 12 * 2**30  # a mutant that only grows does not take the machine along
Outcome = str  # killed, timed_out, survived, or stillborn: no Python at all


@dataclass(frozen=True)
class Reached:
    """What one run of the unchanged tests told: seconds by test, and the tests that come by each line."""

    seconds: dict[str, float]
    by_line: dict[int, list[str]]

    kills: Counter[str] = field(default_factory=Counter)

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that come by a mutant, the likeliest to notice it in little time first."""
        return self._likeliest({test for line in mutant.lines for test in self.by_line.get(line, ())})

    def all_tests(self) -> list[str]:
        """Return all tests, in the same order."""
        return self._likeliest(self.seconds)

    def _likeliest(self, tests: Iterable[str]) -> list[str]:
        found, spent = [], 0.0
        for test in sorted(tests, key=self._last):
            found.append(test)
            spent += self.seconds[test]
            if spent > BUDGET:
                break
        return found

    def learn(self, noticed: Path) -> None:
        """Count which test noticed each mutant so far."""
        for path in noticed.iterdir():
            self.kills[path.read_text("utf-8")] += 1
            path.unlink()

    def _last(self, test: str) -> tuple[float, float, str]:
        return -self.kills[test] / (self.seconds[test] + 0.01), self.seconds[test], test


# --- a process for each mutant ----------------------------------------------------------------------------


def in_children(work: Iterable[tuple[str, Callable[[], None]]], processes: int) -> Iterator[tuple[str, Outcome]]:
    """Do each piece of work in a process of its own, and yield what came of it; work that returns has survived."""
    running: dict[int, str] = {}
    waiting = iter(work)
    while True:
        while len(running) < processes and (piece := next(waiting, None)) is not None:
            name, do = piece
            pid = os.fork()
            if not pid:
                _in_child(do)
            running[pid] = name
        if not running:
            return
        pid, status = os.wait()
        if pid in running:
            yield running.pop(pid), _outcome(status)


def _in_child(do: Callable[[], None]) -> None:
    code = KILLED
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        do()
        code = SURVIVED
    except SyntaxError:
        code = STILLBORN
    except BaseException:
        code = KILLED
    finally:
        os._exit(code)


def _outcome(status: int) -> Outcome:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGALRM, signal.SIGPROF}:
        return "timed_out"
    code = os.waitstatus_to_exitcode(status)
    return {SURVIVED: "survived", STILLBORN: "stillborn"}.get(code, "killed")


class Judge:
    """A pytest plugin that ends the process at the first failure, or when a test takes far longer than it did."""

    def __init__(self, seconds: dict[str, float], noticed: Path | None = None) -> None:
        self._seconds, self._noticed = seconds, noticed

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        usual = self._seconds.get(nodeid, 1)
        for timer, number, least in ((signal.ITIMER_PROF, signal.SIGPROF, 2), (signal.ITIMER_REAL, signal.SIGALRM, 60)):
            signal.signal(number, signal.SIG_DFL)  # which ends the process, also where no Python runs
            signal.setitimer(timer, least + 5 * usual)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            if self._noticed:
                (self._noticed / str(os.getpid())).write_text(report.nodeid, "utf-8")
            os._exit(KILLED)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        os._exit(SURVIVED if exitstatus == 0 else KILLED)  # tidying up would take longer than the tests

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os._exit(KILLED)


def _run_pytest(files: Sequence[str], *plugins: object) -> int:
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate), print_blob=False,
    )  # fmt: skip
    settings.load_profile("mutation")
    words = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminal", "-p", "no:logging"]
    base = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-"))
    words += ["--strict-markers", "-s", f"--rootdir={TESTS.parent}", f"--basetemp={base / 'tests'}"]
    return int(pytest.main([*words, *(str(TESTS / file) for file in files)], plugins=list(plugins)))


class Without:
    """A pytest plugin that leaves out the tests that take too long."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.name.partition("[")[0] not in self._names]


# --- the quick way: the function gets other code ----------------------------------------------------------


class Session:
    """A pytest plugin that, instead of running the tests once, runs those of each mutant in a fork."""

    def __init__(self, name: str, mutants: list[Mutant], asked: Asked, kept: Path) -> None:
        self._name, self._mutants, self._asked, self._kept = name, mutants, asked, kept

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        by_name = {item.nodeid: item for item in session.items}
        with tempfile.TemporaryDirectory() as name:
            told = Path(name) / "told.json"
            ((_, outcome),) = in_children([("", lambda: _first_run(self._name, session.items, told))], 1)
            if outcome != "survived":
                raise RuntimeError(f"{self._name}: its tests fail without any mutant")
            told_of = json.loads(told.read_text("utf-8"))
        reached = Reached(told_of["seconds"], {int(line): tests for line, tests in told_of["by_line"].items()})
        noticed = self._kept.parent / "noticed"
        noticed.mkdir()
        session.config.pluginmanager.register(Judge(reached.seconds, noticed))
        gc.collect()
        gc.freeze()

        def work() -> Iterator[tuple[str, Callable[[], None]]]:
            for mutant in self._mutants:
                if tests := reached.tests(mutant) if mutant.function else reached.all_tests():
                    reached.learn(noticed)
                    yield mutant.key, lambda mutant=mutant, tests=tests: self._try(mutant, [by_name[t] for t in tests])  # type: ignore[misc]

        found = dict(in_children(work(), self._asked.processes))
        self._kept.write_text(json.dumps({"found": found, **told_of}), "utf-8")
        return True

    def _try(self, mutant: Mutant, items: list[pytest.Item]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (give_code if mutant.function else give_constants)(_module_name(self._name), mutant)
            run_items(items, Path(folder))


def run_items(items: list[pytest.Item], folder: Path) -> None:
    """Run tests that were collected, with a folder of their own for what they write."""
    items[0].config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)


def give_code(module_name: str, mutant: Mutant) -> None:
    """Let the function of a mutant, wherever it was imported to, run the changed code from here on."""
    found: Any = sys.modules[module_name]
    code: CodeType = compile(mutant.source, found.__file__, "exec")
    for name in mutant.function:
        found = vars(found)[name]
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    found.__code__ = code


def give_constants(module_name: str, mutant: Mutant) -> None:
    """Let a constant of a module, wherever it was imported to, be the changed one; all else needs the other way."""
    module = sys.modules[module_name]
    other: dict[str, Any] = {"__name__": module_name, "__file__": module.__file__}
    changed = compile(mutant.source, str(module.__file__), "exec")
    sys.modules[module_name] = scratch = ModuleType(module_name)
    scratch.__dict__.update(other)
    exec(changed, scratch.__dict__)
    sys.modules[module_name] = module
    for name, value in vars(module).copy().items():
        if name.startswith("__") or isinstance(value, FunctionType | type | ModuleType):
            continue
        for each in list(sys.modules.values()):
            if vars(each).get(name) is value:
                setattr(each, name, vars(scratch)[name])


def _first_run(name: str, items: list[pytest.Item], told: Path) -> None:
    """Run the unchanged tests, and tell how long each took and by which lines of the module it came."""
    file = str(SOURCE / name)
    seen = coverage.Coverage(data_file=None, include=[file])
    seconds: dict[str, float] = {}
    failed: list[str] = []

    class Clock:
        last = time.process_time()

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            now = time.process_time()
            seconds[report.nodeid] = seconds.get(report.nodeid, 0) + now - self.last
            self.last = now
            if report.failed:
                failed.append(f"{report.nodeid}\n{report.longrepr}")

        def pytest_runtest_logstart(self, nodeid: str) -> None:
            seen.switch_context(nodeid)

    items[0].config.pluginmanager.register(Clock())
    seen.start()
    with tempfile.TemporaryDirectory() as folder:
        run_items(items, Path(folder))
    seen.stop()
    if failed:
        (HERE / "failed.txt").write_text("\n".join(failed), "utf-8")
        raise RuntimeError
    by_line = {line: [c for c in found if c] for line, found in seen.get_data().contexts_by_lineno(file).items()}
    foreign = [one for one, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", "") or "")]
    told.write_text(json.dumps({"seconds": seconds, "by_line": by_line, "foreign": foreign}), "utf-8")


# --- the thorough way: the changed module is imported before all else -------------------------------------


class Changed(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module from another source."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(_module_name(name), str(SOURCE / name))
        self._source = source

    def find_spec(self, fullname: str, _path: Any = None, _target: ModuleType | None = None) -> Any:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def get_code(self, _fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


class Chosen:
    """A pytest plugin that runs these tests, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self._place = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._place), key=lambda i: self._place[i.nodeid])


def _from_the_start(name: str, mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> None:
    sys.meta_path.insert(0, Changed(name, mutant.source))
    files = list(dict.fromkeys(test.partition("::")[0].removeprefix("tests/") for test in tests))
    gc.disable()
    _run_pytest(files, Chosen(tests), Judge(seconds))


def _module_name(name: str) -> str:
    return "smartstart." + name.removesuffix(".py").replace("/", ".")


# --- a module ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What is to be done."""

    processes: int
    without: frozenset[str]
    most: int | None


def module_results(name: str, files: list[str], asked: Asked) -> dict[str, Any]:
    """Mutate one module, and return what came of it."""
    made = mutants_of(name, (SOURCE / name).read_text("utf-8"))
    by_lot = sorted(made, key=lambda one: sha256(one.key.encode()).digest())[: asked.most]
    mutants = [one for one in made if one in by_lot]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.json"
        _apart(lambda: _run_pytest(files, Without(asked.without), Session(name, mutants, asked, kept)))
        told = json.loads(kept.read_text("utf-8"))
    found: dict[str, Outcome] = told["found"]
    reached = Reached(told["seconds"], {int(line): tests for line, tests in told["by_line"].items()})
    _warm(told["foreign"])
    again = [one for one in mutants if found.get(one.key, "survived") == "survived" and not one.function]
    again += [one for one in mutants if one.function and one.key not in found]  # no test comes by: at import, perhaps
    gc.collect()
    gc.freeze()

    def work() -> Iterator[tuple[str, Callable[[], None]]]:
        for one in again:
            tests = (one.function and reached.tests(one)) or reached.all_tests()
            yield one.key, lambda one=one, tests=tests: _from_the_start(name, one, tests, reached.seconds)  # type: ignore[misc]

    found |= dict(in_children(work(), asked.processes))
    outcomes = Counter(found.values())
    caught, alive = outcomes["killed"] + outcomes["timed_out"], len(mutants) - outcomes["stillborn"]
    return {
        "made": len(made),
        "mutants": alive,
        "killed": outcomes["killed"],
        "timed_out": outcomes["timed_out"],
        "survived": outcomes["survived"],
        "share": round(caught / alive, 4),
        "survivors": [one.key for one in mutants if found[one.key] == "survived"],
    }


def branch_coverage(names: list[str], files: Sequence[str], asked: Asked) -> dict[str, dict[str, Any]]:
    """Run the tests that some modules share, and return which statements and branches of each they do not take."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"

        def cover() -> None:
            seen = coverage.Coverage(data_file=None, branch=True, include=[str(SOURCE / name) for name in names])
            seen.start()
            if _run_pytest(files, Without(asked.without)):
                raise RuntimeError(f"{names}: their tests fail")
            seen.stop()
            seen.json_report(outfile=str(report))

        _apart(cover)
        found = {Path(path).resolve(): one for path, one in json.loads(report.read_text("utf-8"))["files"].items()}
    results = {}
    for name in names:
        one = found[(SOURCE / name).resolve()]
        results[name] = {
            "statements": one["summary"]["num_statements"],
            "branches": one["summary"]["num_branches"],
            "missing": [*one["missing_lines"], *(f"{a}->{b}" for a, b in one["missing_branches"])],
        }
    return results


def _apart(do: Callable[[], object]) -> None:
    """Do something in a fork that may print, so that nothing of the package is imported here."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            do()
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("The tests themselves failed: see above.")


def _warm(names: Iterable[str]) -> None:
    """Import what takes long and is not ours, once for all forks."""
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)


# --- what it says -----------------------------------------------------------------------------------------


def areas() -> tuple[dict[str, dict[str, list[str]]], frozenset[str]]:
    """Return the test files of each module by area, and the tests that are left out."""
    table = yaml.safe_load((HERE / "areas.yaml").read_text("utf-8"))
    return {name: part for name, part in table.items() if name != "without"}, frozenset(table["without"])


def explained() -> dict[str, dict[str, str]]:
    """Return by module why each survivor is no gap."""
    table = yaml.safe_load((HERE / "survivors.yaml").read_text("utf-8")) or {}
    return {name: {key: part["why"] for part in parts for key in part["mutants"]} for name, parts in table.items()}


def judged(kept: dict[str, Any]) -> list[str]:
    """Return what is left to explain, and what is explained for nothing, in sentences."""
    found, reasons = [], explained()
    for name, row in kept.items():
        survivors, mine = Counter(row.get("survivors", [])), reasons.get(name, {})
        found += [f"{name}: no explanation of: {key}" for key in survivors if key not in mine]
        found += [f"{name}: explained, and no survivor: {key}" for key in mine if key not in survivors]
    return found


def main(words: list[str]) -> int:
    """Mutate or cover, print, keep. Returns 1 when a survivor is unexplained or a branch not taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="such as trial/ledger.py; without any, all of areas.yaml")
    parser.add_argument("--coverage", action="store_true", help="take the branches instead of making mutants")
    parser.add_argument("--most", type=int, help="mutants of a module that are tried, drawn by lot; else all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    asked = parser.parse_args(words)
    table, without = areas()
    tests = {name: files for part in table.values() for name, files in part.items()}
    chosen = asked.modules or list(tests)
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[threads] = "1"
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    tempfile.tempdir = str(folder)
    try:
        for name, row in _results(chosen, tests, Asked(asked.processes, without, asked.most), covering=asked.coverage):
            _keep(asked.results, name, row, list(tests))
            print(f"{name}: { {k: v for k, v in row.items() if k != 'survivors'} }", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    kept = json.loads(asked.results.read_text("utf-8"))
    wrong = judged(kept)
    wrong += [f"{n}: not taken: {r['branch_coverage']['missing']}" for n, r in kept.items()
              if r.get("branch_coverage", {}).get("missing")]  # fmt: skip
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


def _results(
    chosen: list[str], tests: dict[str, list[str]], asked: Asked, *, covering: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    if not covering:
        yield from ((name, module_results(name, tests[name], asked)) for name in chosen)
        return
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in chosen:
        alike[tuple(tests[name])].append(name)
    for files, names in alike.items():
        for name, row in branch_coverage(names, files, asked).items():
            yield name, {"branch_coverage": row}


def _keep(results: Path, name: str, row: dict[str, Any], order: list[str]) -> None:
    kept: dict[str, Any] = json.loads(results.read_text("utf-8")) if results.exists() else {}
    kept[name] = kept.get(name, {}) | row
    kept = {one: kept[one] for one in order if one in kept}
    results.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
