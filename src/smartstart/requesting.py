"""Ask the municipality's data desk for the extracts of who consented, and hold what comes back against that.

Two steps, so that nobody hands over a whole population: from the questionnaires follows whom to ask for, and what is
returned may hold nobody else. The list holds BSNs, which smartstart keeps nowhere: it is made anew from the
questionnaire files each time, encrypted before it touches the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from smartstart import bookkeeping
from smartstart.contracts.values import TYPED
from smartstart.errors import DataRefused, UsageError
from smartstart.extracts.finding import contract_of, find_files
from smartstart.extracts.reading import Extract, read_extracts
from smartstart.intake.sorting import PERSONS, QUESTIONNAIRE, SortedFile, owner_column, sort_delivery
from smartstart.intake.storing import known_people
from smartstart.outreach.request import AskedFile, request_workbook
from smartstart.sealing import sealed_container, write_sealed
from smartstart.trial.events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.contracts.odcs import Contract
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

NAME: Final = "aanvraag"
_STOPPING: Final = ("objected", "consent_withdrawn")


@dataclass(frozen=True)
class Asked:
    """The encrypted request and its passphrase's file; how many persons are in it, and who was left out and why."""

    file: Path
    passphrase_file: Path
    persons: int
    left_out: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return vars(self) | {"file": str(self.file), "passphrase_file": str(self.passphrase_file)}


@dataclass(frozen=True)
class Returned:
    """What came back: counts for each file, how many persons are missing, and what is refused, in sentences."""

    files: tuple[Mapping[str, Any], ...]
    missing: int
    refusals: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"files": [dict(one) for one in self.files], "missing": self.missing, "refusals": list(self.refusals)}


def ask(workspace: Workspace, paths: Sequence[Path], out: Path, as_of: date) -> Asked:
    """Write the encrypted request for the women of these questionnaires.

    ``paths`` are files of questionnaires, or folders with some. Raises DataRefused for a file that cannot be read or
    when nobody is left to ask for, UsageError for a path without any questionnaire.
    """
    persons, left_out = _whom(workspace, paths, as_of)
    if not persons:
        raise DataRefused(
            "No questionnaire has a consent that holds, so nobody is asked for: see 'smartstart check' for each row."
        )
    programme = workspace.programme
    workbook = request_workbook(
        municipality=programme.municipality.name,
        contact=programme.contact.line,
        persons=persons,
        files=[_asked_file(contract, programme.sources.get(contract.file, {})) for contract in _of_desk(workspace)],
        as_of=as_of,
        rehearsal=workspace.rehearsal,
    )
    sealed = partial(sealed_container, {f"{NAME}.xlsx": workbook})
    kept = write_sealed(workspace, out, f"{NAME}-{as_of.isoformat()}", sealed)
    return Asked(out, kept, len(persons), left_out)


def hold_returned(workspace: Workspace, paths: Sequence[Path], returned: Path, as_of: date) -> Returned:
    """Hold the extracts in ``returned`` against the request of these questionnaires; nothing is stored.

    Raises DataRefused for a file that cannot be read, UsageError for a path without any questionnaire.
    """
    contracts = workspace.contracts
    found = find_files(returned, contracts, {contract.file for contract in _of_desk(workspace)})
    if found.faults:
        raise DataRefused(*found.faults)
    if not found.files:
        raise DataRefused(f"'{returned}' holds no extract of the data desk: name the folder that it filled.")
    extracts = _read(workspace, found.all)
    asked = _questionnaires(workspace, paths)
    with workspace.open() as (warehouse, vault):
        known = known_people(warehouse, vault)
        files = sort_delivery([*asked, *extracts], as_of, only_consented=True, known=known)
    persons = {bsn for file in files if _is(file, QUESTIONNAIRE) for bsn in file.readable_owners("person_id")}
    here = {bsn for file in files if _is(file, PERSONS) for bsn in file.readable_owners("person_id")}
    held = [_held(file) for file in files if not _is(file, QUESTIONNAIRE)]
    refusals = [
        f"{one['file']}: rows of persons whom nobody asked for: {one['not_asked']}, the first is row "
        f"{one['first_row']}; destroy the file and have it made from the request."
        for one in held
        if one["not_asked"]
    ]
    return Returned(tuple(held), len(persons - here) if found.files.get(PERSONS) else 0, tuple(refusals))


def _whom(workspace: Workspace, paths: Sequence[Path], as_of: date) -> tuple[list[str], dict[str, int]]:
    """Return the BSNs to ask for, sorted, and how many rows or women are left out by reason."""
    extracts = _questionnaires(workspace, paths)
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        known = replace(known_people(warehouse, vault), persons=set)  # it is they who are asked for
        files = sort_delivery(extracts, as_of, only_consented=False, known=known)
        consented: dict[str, date] = {}
        for file in files:
            for bsn, day in _consents(file):
                consented[bsn] = max(day, consented.get(bsn, day))
        stopped = _stopped(warehouse, vault, consented)
    refused = pl.concat([file.refused for file in files])["rule"].value_counts()
    left_out = {str(rule): int(rows) for rule, rows in sorted(refused.iter_rows())}
    if stopped:
        left_out["stopped"] = len(stopped)
    return sorted(consented.keys() - stopped), left_out


def _consents(file: SortedFile) -> list[tuple[str, date]]:
    """Return BSN and day of consent of every row that consents and whose BSN can be read."""
    readable = file.readable_owners("person_id").implode()
    rows = file.index.filter(pl.col("person_id").is_in(readable)).select("person_id", "consented_on" + TYPED)
    return list(rows.iter_rows())


def _stopped(warehouse: Warehouse, vault: Vault, consented: Mapping[str, date]) -> set[str]:
    """Return who objected, or withdrew her consent on or after the day that she gave it here."""
    of = {research_id: bsn for bsn, research_id in vault.known_ids(consented).items()}
    if not of or not warehouse.rows("SELECT 1 AS one FROM run LIMIT 1"):
        return set()
    told = warehouse.rows(
        "SELECT person_id, kind, max(happened_on) AS day FROM register.notice"
        " WHERE person_id IN (SELECT unnest($women)) AND kind IN (SELECT unnest($kinds)) GROUP BY ALL",
        {"women": sorted(of), "kinds": [rule.code for rule in EVENTS if rule.fact in _STOPPING]},
    )
    return {of[row["person_id"]] for row in told if row["day"] >= consented[of[row["person_id"]]]}


def _questionnaires(workspace: Workspace, paths: Sequence[Path]) -> list[Extract]:
    """Read the questionnaires of these files and folders; without any, of the workspace's own folder of extracts."""
    files: list[Path] = []
    for path in paths or _own_folders(workspace):
        if path.is_dir():
            found = find_files(path, workspace.contracts, {QUESTIONNAIRE})
            here = found.files.get(QUESTIONNAIRE, [])
        else:
            here = [path] if path.is_file() and contract_of(path, workspace.contracts) == QUESTIONNAIRE else []
        if not here:
            raise UsageError(f"'{path}' holds no questionnaire: name files such as {QUESTIONNAIRE}_08990011.xlsx.")
        files += here
    return _read(workspace, [(QUESTIONNAIRE, path) for path in files])


def _read(workspace: Workspace, files: Sequence[tuple[str, Path]]) -> list[Extract]:
    extracts, refusals = read_extracts(files, workspace.contracts, workspace.programme.sources)
    if refusals:
        raise DataRefused(*refusals)
    return extracts


def _own_folders(workspace: Workspace) -> list[Path]:
    """Return the folders under ``extracts`` in which questionnaires lie. Raises UsageError when there are none."""
    root = workspace.folder / "extracts"
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    found = [one for one in folders if find_files(one, workspace.contracts, {QUESTIONNAIRE}).files]
    if not found:
        raise UsageError(
            f"The workspace's folder 'extracts' holds no questionnaire: name the files, such as {QUESTIONNAIRE}.csv."
        )
    return found


def _of_desk(workspace: Workspace) -> list[Contract]:
    """Return the contracts of the files that the municipality's data desk makes."""
    return [one for one in workspace.contracts.values() if one.incoming and one.source.startswith("gemeente")]


def _asked_file(contract: Contract, own_headers: Mapping[str, str]) -> AskedFile:
    """Return a file to make: its columns by the municipality's own headers, where it has them."""
    own = {theirs: header for header, theirs in own_headers.items()}
    return AskedFile(
        file=contract.file,
        aim=contract.aim,
        key=contract.field(owner_column(contract)).header,
        columns=tuple((own.get(f.header, f.header), f.explanation or f.description) for f in contract.fields),
    )


def _held(file: SortedFile) -> dict[str, Any]:
    strangers = file.refused.filter(pl.col("rule") != "consent_missing")["row"].sort().to_list()
    return {
        "file": file.delivered.file,
        "contract": file.contract.file,
        "rows_in": file.rows_in,
        "not_asked": len(strangers),
        "first_row": strangers[0] if strangers else None,
    }


def _is(file: SortedFile, contract: str) -> bool:
    return file.contract.file == contract
