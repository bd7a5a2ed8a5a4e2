"""Store sorted rows: persons become research ids, contact data goes to the vault, the rest to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from smartstart.contracts.checking import ROW
from smartstart.contracts.values import EARLIEST, LATEST, TYPED
from smartstart.identity.vault import Contact
from smartstart.intake.sorting import (
    MELDINGEN,
    PERSONS,
    QUESTIONNAIRE,
    KnownPeople,
    SortedFile,
    identifiers,
    owner_column,
    owners_on_broken_lines,
)
from smartstart.register.build import build_told
from smartstart.warehouse.warehouse import intake_table

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Field
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse


UNREADABLE = "unreadable"  # the kind of a melding that nobody can read yet


def known_people(warehouse: Warehouse, vault: Vault) -> KnownPeople:
    """Return who is known from current deliveries, asked by BSN; no BSN is kept."""
    build_told(warehouse)  # an event of this morning counts, and a mistake that was taken back does not

    def asking(sql: str) -> set[str]:
        return {row["research_id"] for row in warehouse.rows(sql)}

    current = "INNER JOIN delivery AS d ON d.delivery_id = t.delivery_id AND d.is_current"
    consented = asking(
        f"SELECT t.person_id AS research_id FROM intake.questionnaire AS t {current}"
        " LEFT JOIN register.notice AS n ON n.person_id = t.person_id"
        " LEFT JOIN register.event_rule AS e ON e.code = n.kind AND e.analysis = 'excluded' GROUP BY t.person_id"
        " HAVING coalesce(max(CASE WHEN e.invitations = 'always' THEN 1 ELSE 0 END), 0) = 0 AND NOT coalesce("
        "max(CASE WHEN e.invitations = 'until_new_consent' THEN n.happened_on END) >= max(t.consented_on), false)"
    )
    persons = asking(f"SELECT DISTINCT t.person_id AS research_id FROM intake.person AS t {current}")
    children = asking(
        f"SELECT DISTINCT t.child_id AS research_id FROM intake.child AS t {current} WHERE t.mother_id IN "
        "(SELECT person_id FROM intake.questionnaire)"
    )

    unfinished = asking("SELECT research_id FROM erasure")  # known to the vault still: an erasure was interrupted

    among = vault.asked_of(consented, persons, children, unfinished)
    return KnownPeople(
        consented=among[0],
        persons=among[1],
        children=among[2],
        erased=lambda bsns: vault.erased(bsns) | among[3](bsns),
    )


def store_file(warehouse: Warehouse, vault: Vault, file: SortedFile, delivery_id: str, sequence: int) -> None:
    """Store the accepted rows of one file. The vault holds persons and contact data, the warehouse the rest."""
    ids = vault.research_ids(named_people(file), delivery_id)
    store_rows(warehouse, file, ids, delivery_id)
    vault.store_contacts(_contacts(file, ids), delivery_id, sequence)
    if file.contract.file in {MELDINGEN, PERSONS}:
        _store_unreadable_reports(warehouse, vault, file, delivery_id)


def named_people(file: SortedFile) -> set[str]:
    """Return the BSNs that the accepted rows of a file name."""
    return {bsn for name in identifiers(file.contract) for bsn in file.accepted[name].drop_nulls().unique()}


def store_rows(warehouse: Warehouse, file: SortedFile, ids: Mapping[str, str], delivery_id: str) -> None:
    """Store what the warehouse may hold of the accepted rows of a file, with ``ids`` in place of BSNs."""
    contract = file.contract
    stored = (
        pl.lit(delivery_id).alias("delivery_id"),
        pl.col(ROW).cast(pl.Int32).alias("file_row"),
        *(column for f in contract.fields for column in _stored_columns(f)),
    )
    warehouse.insert_parts(intake_table(contract), (rows.select(stored) for rows in _with_ids(file, ids)))
    instruments = {f.name: f.instrument for f in contract.fields if f.instrument}
    if contract.file == QUESTIONNAIRE and instruments:
        warehouse.insert_parts("answer", (_answers(rows, instruments, delivery_id) for rows in _with_ids(file, ids)))


def _with_ids(file: SortedFile, ids: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    """Yield the accepted rows of a file in parts, with ``ids`` in place of BSNs."""
    bsns, own = pl.Series([*ids], dtype=pl.String), pl.Series([*ids.values()], dtype=pl.String)
    for rows in file.accepted_rows():
        yield rows.with_columns(
            pl.col(name).replace_strict(bsns, own, return_dtype=pl.String) for name in identifiers(file.contract)
        )


def _store_unreadable_reports(warehouse: Warehouse, vault: Vault, file: SortedFile, delivery_id: str) -> None:
    """Keep, as a precaution, that something was told of a woman on a row that is in quarantine.

    A wrong date, a misspelt code or a broken line may stand for a miscarriage, and a faulty row of the BRP may tell
    of a death: nobody writes to her until it has been mended.
    """
    from stdnum.nl import bsn

    readable = file.readable_owners("person_id").implode()
    aside = file.index.filter(pl.col(ROW).is_in(file.quarantined_rows) & pl.col("person_id").is_in(readable))
    women = {*aside["person_id"]}
    if file.contract.file == PERSONS:
        gone = pl.col("died_on").is_not_null() | pl.col("suspension").is_not_null()
        women = {*aside.filter(gone)["person_id"]}
    else:
        women |= {*filter(bsn.is_valid, owners_on_broken_lines(file))}
    women -= vault.erased(women)  # a broken line is no row that was refused
    ids = vault.research_ids(women, delivery_id)
    rows = [
        {"delivery_id": delivery_id, "file_row": 0, "person_id": research_id, "kind": UNREADABLE}
        for research_id in sorted(ids.values())
    ]
    warehouse.insert_rows("intake.notification", rows)


def store_quarantine(vault: Vault, file: SortedFile, delivery_id: str, keep_until: date) -> None:
    """Store the content of rows in quarantine, encrypted, if it is clear whose they are.

    A row without a readable BSN, or a line that is no record, cannot be shown to belong to a woman who consented:
    of those only the row number and the rule are kept.
    """
    owner = owner_column(file.contract)
    owned = file.readable_owners(owner).implode()
    aside = file.index.filter(pl.col(ROW).is_in(file.quarantined_rows) & pl.col(owner).is_in(owned))[ROW]
    texts = pl.struct(pl.col(name).fill_null("").alias(header) for name, header in file.delivered.headers.items())
    if aside.is_empty():
        return
    for rows in file.rows_of(aside):
        as_json = rows.select(ROW, texts.struct.json_encode())
        vault.store_quarantined(delivery_id, file.delivered.file, as_json.iter_rows(), keep_until)


def record_file(warehouse: Warehouse, file: SortedFile, delivery_id: str) -> None:
    """Record the reconciliation of one file, its breaches, and which rows were refused."""
    own = {"delivery_id": delivery_id, "sha256": file.delivered.sha256}
    warehouse.insert_rows("delivered_file", [own | file.summary()])
    named = {"delivery_id": pl.lit(delivery_id), "file": pl.lit(file.delivered.file)}
    row = pl.col("row").cast(pl.Int32)
    source = pl.lit(file.contract.source)
    warehouse.insert(
        "quarantine", file.breaches_as_delivered().select("column", "rule", **named, source=source, row=row)
    )
    warehouse.insert("refusal", file.refused.sort("row").select("rule", "practice", **named, row=row))


def _contacts(file: SortedFile, ids: Mapping[str, str]) -> Iterator[Contact]:
    """Yield what the vault holds of the accepted rows of a file, a part at a time."""
    contract, owner = file.contract, owner_column(file.contract)
    if not contract.contact_fields:
        return
    parts = _with_ids(file, ids)
    if contract.file == QUESTIONNAIRE:  # the latest client number counts, whatever the order of the rows
        wanted = [owner, *contract.contact_fields, "practice", "filled_on" + TYPED]
        parts = iter([pl.concat([rows.select(wanted) for rows in parts]).sort("filled_on" + TYPED, "client_number")])
    for rows in parts:
        for row in rows.iter_rows(named=True):
            values = {name: row[name] for name in contract.contact_fields if row[name] is not None}
            kind = client_kind(row["practice"]) if contract.file == QUESTIONNAIRE else "person"
            yield Contact(row[owner], kind, values)


def client_kind(practice: str) -> str:
    """Return the kind of contact data under which the vault keeps a client number of a practice."""
    return f"client/{practice}"


def _stored_columns(f: Field) -> list[pl.Expr]:
    if not f.stored_names:
        return []
    if f.kind == "incomplete_date":
        return [
            pl.col(f.name + EARLIEST).alias(f"{f.name}_earliest"),
            pl.col(f.name + LATEST).alias(f"{f.name}_latest"),
        ]
    typed = f.name if f.classification == "identifier" else f.name + TYPED
    return [pl.col(typed).alias(f.name)]


def _answers(rows: pl.DataFrame, instruments: Mapping[str, str], delivery_id: str) -> pl.DataFrame:
    """Return a row for each answer to an item; ``instruments`` are the items, each with the one that asks it."""
    long = rows.select(
        pl.lit(delivery_id).alias("delivery_id"),
        pl.col("person_id"),
        pl.col("moment"),
        pl.col("filled_on" + TYPED).alias("filled_on"),
        *(pl.col(item + TYPED).alias(item) for item in instruments),
    ).unpivot(
        list(instruments),
        index=["delivery_id", "person_id", "moment", "filled_on"],
        variable_name="item",
        value_name="answer",
    )
    return long.drop_nulls("answer").with_columns(
        pl.col("item").replace_strict(instruments, return_dtype=pl.String).alias("instrument")
    )
