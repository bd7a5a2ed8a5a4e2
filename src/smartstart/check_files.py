"""``smartstart check``: hold files against the contracts before they are delivered, and write nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from smartstart.contracts.odcs import Contract
from smartstart.contracts.rules import REFUSALS, REMEDIES
from smartstart.errors import DataRefused, StateError, UsageError
from smartstart.extracts.finding import contract_of, find_files
from smartstart.extracts.reading import Extract, read_extracts
from smartstart.intake.rates import rates_told
from smartstart.intake.sorting import PERSONS, KnownPeople, SortedFile, sort_delivery
from smartstart.workspace import contracts_with, find_workspace, shipped_instruments


@dataclass(frozen=True)
class CheckResult:
    """``files``: reconciliation per file; ``breaches``: file, row, column, rule, remedy; ``refusals``: whole files."""

    files: list[dict[str, Any]]
    breaches: list[dict[str, Any]]
    refusals: list[str]
    notices: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the object that ``check --json`` prints."""
        return asdict(self)


def check_paths(
    paths: Iterable[Path], as_of: date, workspace: Path, tell: Callable[[str], None] = lambda _: None
) -> CheckResult:
    """Check files, and folders as deliveries; the headers of the workspace's programme count, if there is one.

    ``tell`` hears how far a large file is.
    """
    contracts, sources = contracts_here(workspace)
    deliveries: dict[Path, list[tuple[str, Path]]] = defaultdict(list)
    refusals: list[str] = []
    notices: list[str] = []
    incoming = {name for name, contract in contracts.items() if contract.incoming}
    for path in paths:
        if path.is_dir():
            found = find_files(path, contracts, incoming)
            deliveries[path] += found.all
            refusals += found.faults
            notices += [f"{name}: no contract has this name, so it was not checked." for name in found.others]
            if not found.files:
                refusals.append(
                    f"'{path}' holds no file that a contract describes: expected one of {', '.join(sorted(incoming))}."
                )
        elif path.is_file():
            name = contract_of(path, contracts)
            if name:
                deliveries[path.parent].append((name, path))
            else:
                refusals.append(
                    f"{path.name}: no contract has this name; expected one of {', '.join(sorted(incoming))}."
                )
        else:
            raise UsageError(f"'{path}' does not exist: name a file or a folder of files.")
    files: list[dict[str, Any]] = []
    breaches: list[dict[str, Any]] = []
    for delivery in deliveries.values():
        extracts, unread = read_extracts(delivery, contracts, sources)
        refusals += unread
        try:
            held = sort_delivery(extracts, as_of, only_consented=False, known=_anybody(extracts), tell=rates_told(tell))
        except DataRefused as refusal:  # a large file is refused when its last part is read
            refusals.append(str(refusal))
            continue
        for file in held:
            files.append(file.summary())
            breaches += _breaches(file)
            notices += _refused_rows(file)
    return CheckResult(files, breaches, refusals, notices)


def contracts_here(workspace: Path) -> tuple[dict[str, Contract], dict[str, dict[str, str]]]:
    """Return the contracts with the own headers of a workspace, or without one those that are shipped."""
    try:
        found = find_workspace(workspace)
    except StateError:
        return contracts_with(shipped_instruments()), {}
    return found.contracts, found.programme.sources


def _anybody(extracts: list[Extract]) -> KnownPeople:
    """Assume every person known when no persons are delivered; a single file cannot be held against another."""
    alone = all(extract.delivered.contract.file != PERSONS for extract in extracts)
    return KnownPeople(
        consented=lambda _: set(),
        persons=lambda bsns: set(bsns) if alone else set(),
        children=lambda _: set(),
        erased=lambda _: set(),
    )


def _breaches(file: SortedFile) -> list[dict[str, Any]]:
    return [
        {"file": file.delivered.file, "row": row, "column": column, "rule": rule, "remedy": REMEDIES[rule]}
        for row, column, rule in file.breaches_as_delivered().rows()
    ]


def _refused_rows(file: SortedFile) -> list[str]:
    return [
        f"{file.delivered.file}, row {row}: would be refused. {REFUSALS[rule]}"
        for row, rule, _ in file.refused.sort("row").rows()
    ]
