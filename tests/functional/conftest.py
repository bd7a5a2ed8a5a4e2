"""Workspaces that are made once and copied: a copied workspace keeps working."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import copied, init, quarterly, town_of


@pytest.fixture(scope="session")
def first_quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extracts of a made-up first quarter."""
    return town_of().write(tmp_path_factory.mktemp("deliveries") / "2024Q1")


@pytest.fixture(scope="session")
def made_empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return init(tmp_path_factory.mktemp("empty") / "workspace")


@pytest.fixture(scope="session")
def made_loaded(tmp_path_factory: pytest.TempPathFactory, made_empty: Path, first_quarter: Path) -> Path:
    workspace = copied(made_empty, tmp_path_factory.mktemp("loaded") / "workspace")
    assert quarterly(workspace, first_quarter).code == 0
    return workspace


@pytest.fixture
def empty(made_empty: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own in which nothing has run."""
    return copied(made_empty, tmp_path / "workspace")


@pytest.fixture
def loaded(made_loaded: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own in which the first quarter has run."""
    return copied(made_loaded, tmp_path / "workspace")
