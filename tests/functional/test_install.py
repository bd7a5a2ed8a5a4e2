"""The program as it is installed: from a wheel, and quick to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("duckdb", "polars", "pyarrow", "pandera", "pandas", "typst", "xlsxwriter", "cryptography", "yaml", "numpy")


@pytest.fixture(scope="module")
def from_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a wheel would install it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return site


def test_the_wheel_brings_contracts_pipelines_and_programmes(from_wheel: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(from_wheel), "SMARTSTART_KEYS": str(tmp_path / "keys")}
    script = (
        "import smartstart, sys; assert smartstart.__file__.startswith(sys.argv[1]), smartstart.__file__;"
        "from smartstart.cli.main import main; sys.argv = ['smartstart', *sys.argv[2:]]; main()"
    )

    def smartstart(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, str(from_wheel), *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    made = smartstart("init", "town", "--rehearsal")
    assert made.returncode == 0, made.stderr
    plan = smartstart("run", "quarterly", "--extracts", ".", "--dry-run", "-w", "town")
    assert plan.returncode == 0 and "read_extracts" in plan.stdout, plan.stderr


def test_help_loads_no_heavy_library() -> None:
    script = (
        "import sys; sys.argv = ['smartstart', '--help']\n"
        "from smartstart.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stderr.strip() == "[]" and "quarantine" in shown.stdout


def test_no_pin_names_a_registry_and_every_pin_has_a_hash() -> None:
    for name in (
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-contracts.lock",
        "requirements-duckdb2.lock",
        "requirements-spark.lock",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins and text.count("--hash=sha256:") >= len(pins)
        assert all("==" in pin for pin in pins)


def test_every_direct_dependency_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [")
    for line in lines[start + 1 : lines.index("]", start)]:
        assert "#" in line, line


def test_only_who_asks_for_spark_gets_it() -> None:
    for name, has_it in (
        ("requirements.lock", False),
        ("requirements-dev.lock", True),
        ("requirements-spark.lock", True),
    ):
        assert ("pyspark==" in (ROOT / name).read_text(encoding="utf-8")) is has_it
