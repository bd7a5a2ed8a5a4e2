"""Erase a person: her rows go from the warehouse, her name from the lists, and her key from the vault.

The warehouse commits first and notes who is to go, then the lists are made again, and the vault destroys last: it
holds the only way from a number to a person. Last the file of the warehouse is made anew from its living rows, since a
deleted row stays in its bytes, and is searched. Whatever is interrupted in between, intake refuses her rows from the
warehouse's commit on, and the same command again finishes the job.

What the trial must keep, it keeps under a random number that leads to nobody any more: that somebody was drawn, and
how. Her children go with her, since they are known through her consent; a child with a questionnaire of her own is a
woman who decides for herself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from smartstart import bookkeeping, drawing, pipeline, releasing
from smartstart.crash_points import reached
from smartstart.errors import SmartstartError
from smartstart.identity.keys import make_key, read_key, read_keys
from smartstart.recording import find_person
from smartstart.statements import judge_statement
from smartstart.trial.entries import Stamp
from smartstart.trial.events import EVENTS
from smartstart.warehouse.warehouse import Rebuilt, rebuild

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

# Every table with a person in it is emptied of her, but for these; a new table is emptied unless it is named here.
KEPT = frozenset({"allocation", "decision", "erasure", "invitation"})
PERSON_COLUMNS = ("person_id", "mother_id", "child_id", "research_id")


class Declined(SmartstartError):
    """The person at the keyboard said no; exit code 1."""


@dataclass(frozen=True)
class Request:
    """Whom to erase: all whose objection stands, all whose consent is withdrawn, or one ``person``.

    ``person`` is a BSN, or an AGB code and a client number. ``owner`` decided it, for ``reason``; the ledger notes it
    at ``recorded_at``.
    """

    owner: str
    reason: str
    recorded_at: str
    objected: bool = False
    withdrawn: bool = False
    person: str | None = None


@dataclass(frozen=True)
class Erased:
    """How many women and children were erased, whether a key was made for it that wants a copy elsewhere, the proof."""

    women: int
    children: int
    key_made: bool
    proof: Rebuilt


def erase(workspace: Workspace, request: Request, today: date, confirm: Callable[[int, int], bool]) -> Erased:
    """Erase persons for good. ``confirm`` is asked once, with the numbers of women and children.

    Raises Declined, StateError or UsageError; before ``confirm`` nothing has changed.
    """
    _judge(request)
    return _erase(workspace, partial(_asked_for, request=request), request, today, confirm)


def erase_these(workspace: Workspace, women: set[str], request: Request, today: date) -> Erased:
    """Erase these women, by research id, whose time has come; nobody is asked again. Raises StateError."""
    return _erase(workspace, lambda _warehouse, _vault: women, request, today, lambda *_: True)


def _erase(
    workspace: Workspace,
    find: Callable[[Warehouse, Vault], set[str]],
    request: Request,
    today: date,
    confirm: Callable[[int, int], bool],
) -> Erased:
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        drawing.refuse_pending(warehouse)  # a frozen batch is drawn as it was frozen, or the draw does not verify
        women = find(warehouse, vault)
        children = children_of(warehouse, women)
        if women and not confirm(len(women), len(children)):
            raise Declined("Nobody was erased: the question was not answered with yes.")
        key_made = make_key(workspace.keys_folder, "tombstone")
        gone = sorted(women | children | _unfinished(warehouse, vault))
        with warehouse.transaction():
            if gone:
                bookkeeping.keep_seals(warehouse, vault, bookkeeping.draw_keys(workspace), gone)
                _record(warehouse, gone, request, today)
                _note(warehouse, len(women), request.recorded_at)
                _empty(warehouse, gone)
        reached("erasure_recorded")
        pipeline.write_again(workspace, warehouse, vault)
        reached("erasure_lists_made")
        vault.erase(gone, read_keys(workspace.keys_folder, "tombstone"), today)
    reached("erasure_vault_emptied")
    proof = rebuild(workspace.warehouse_file, read_key(workspace.keys_folder, "warehouse"))
    return Erased(len(women), len(children), key_made, proof)


def _judge(request: Request) -> None:
    judge_statement("--owner", request.owner)
    judge_statement("--reason", request.reason)


def _asked_for(warehouse: Warehouse, vault: Vault, request: Request) -> set[str]:
    """Return the research ids of the women whom the request means; empty when she was erased before."""
    if request.person is not None:
        number = request.person.strip()
        if re.fullmatch("[0-9]{9}", number) and vault.erased([number]) and not vault.known_ids([number]):
            return set()
        return {find_person(warehouse, vault, number)}
    women: set[str] = set()
    if not releasing.has_run(warehouse):
        return women
    if request.objected:
        women |= _told(warehouse, "objected", "SELECT DISTINCT person_id AS who FROM told")
    if request.withdrawn:
        women |= _told(
            warehouse,
            "consent_withdrawn",
            "SELECT t.person_id AS who FROM told AS t"
            " LEFT JOIN register.questionnaire AS q ON q.person_id = t.person_id"
            " GROUP BY t.person_id HAVING coalesce(max(t.happened_on) >= max(q.consented_on), true)",
        )
    return women & vault.pseudonyms(women).keys()  # whom the vault does not know was erased


def _told(warehouse: Warehouse, fact: str, select: str) -> set[str]:
    """Return of whom events of a fact have been told and not been taken back."""
    told = "WITH told AS (SELECT person_id, happened_on FROM register.notice WHERE kind IN (SELECT unnest($codes))) "
    codes = [rule.code for rule in EVENTS if rule.fact == fact]
    return {row["who"] for row in warehouse.rows(told + select, {"codes": codes})}


def children_of(warehouse: Warehouse, women: set[str]) -> set[str]:
    """Return the children who are known through these women; one with a questionnaire of her own is not."""
    rows = warehouse.rows(
        "SELECT DISTINCT child_id FROM intake.child WHERE mother_id IN (SELECT unnest($women))"
        " AND child_id NOT IN (SELECT person_id FROM intake.questionnaire)"
        " AND child_id NOT IN (SELECT research_id FROM allocation)",
        {"women": sorted(women)},
    )
    return {row["child_id"] for row in rows} - women


def _unfinished(warehouse: Warehouse, vault: Vault) -> set[str]:
    """Return who was erased by the warehouse and is known to the vault: interrupted, or an older vault was restored."""
    return {*vault.pseudonyms(row["research_id"] for row in warehouse.rows("SELECT research_id FROM erasure"))}


def _note(warehouse: Warehouse, women: int, recorded_at: str) -> None:
    """Put it in the ledger too: an older backup of warehouse and vault, which knows her still, then lags behind it."""
    ledger = bookkeeping.read_ledger(warehouse)
    if ledger.epoch and women:
        stamp = Stamp(recorded_at, bookkeeping.ONE_OFFICER)
        ledger.note(f"{women} erased", stamp=stamp)  # who decided it and why stays in the warehouse
        bookkeeping.store(warehouse, ledger)


def _empty(warehouse: Warehouse, gone: list[str]) -> None:
    """Delete the rows of these persons from every table that is not kept."""
    for schema, name, column in columns_of_persons(warehouse):
        if name not in KEPT:
            sql = f'DELETE FROM "{schema}"."{name}" WHERE "{column}" IN (SELECT unnest($gone))'
            warehouse.run(sql, {"gone": gone})
    warehouse.run("UPDATE invitation SET due_date = NULL WHERE research_id IN (SELECT unnest($gone))", {"gone": gone})


def columns_of_persons(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    """Return schema, table and column of everything in the warehouse that names a person by her research id."""
    rows = warehouse.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND column_name IN (SELECT unnest($columns)) ORDER BY ALL",
        {"columns": list(PERSON_COLUMNS)},
    )
    return [(row["schema_name"], row["table_name"], row["column_name"]) for row in rows]


def _record(warehouse: Warehouse, gone: list[str], request: Request, today: date) -> None:
    known = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM erasure")}
    how = {"erased_on": today, "owner": request.owner, "reason": request.reason}
    fresh = [who for who in gone if who not in known]
    warehouse.insert_rows("erasure", [{"research_id": who} | how for who in fresh])
