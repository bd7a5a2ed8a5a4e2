"""A folder of extracts read as the history that a model learns from or is judged on; nothing of it is kept."""

from __future__ import annotations

import calendar
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from smartstart import deliveries, steps
from smartstart.contracts.values import LATEST, TYPED
from smartstart.errors import DataRefused, PolicyRefused, UsageError
from smartstart.intake.sorting import PERSONS, QUESTIONNAIRE, KnownPeople, SortedFile, sort_delivery
from smartstart.intake.storing import named_people, store_rows
from smartstart.outputs import make_folder
from smartstart.pipeline import find_pipeline
from smartstart.register.build import build_register, select_of
from smartstart.synthetic.names import PRACTICES
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from smartstart.extracts.reading import Extract
    from smartstart.programme.sections import Model, Programme
    from smartstart.risk.cohort import Cohort
    from smartstart.workspace import Workspace

PIPELINE = "register"
SILENCE = timedelta(days=92)  # a quarter: longer without any birth, questionnaire or maatregel is no extract but a gap
ONE_MUNICIPALITY = 0.3  # share of persons in one: the largest city of a country has far less, a town with leavers more
_NOBODY = KnownPeople(*(4 * [lambda _: set()]))


@dataclass(frozen=True)
class History:
    """A register folder as a cohort; ``fingerprint`` is that of its bytes, ``contracts`` the versions it was held to.

    ``made_up`` tells that it comes from the made-up municipality. ``quarantined`` counts the rows that were set aside,
    ``left_for_the_trial`` the children who may not teach, as their mothers got the offer.
    """

    cohort: Cohort
    as_of: date
    fingerprint: str
    contracts: dict[str, str]
    made_up: bool
    quarantined: int
    left_for_the_trial: int
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where a history comes from: a folder of extracts, as of a day or of what they say themselves, read ``today``."""

    folder: Path
    as_of: date | None
    today: date


def stated_model(programme: Programme) -> Model:
    """Return what the programme says of models. Raises PolicyRefused when it says nothing, or allows no score."""
    if programme.score is None:
        raise PolicyRefused(
            "The programme says 'score: none', so there is no ground for a model: change it, with owner."
        )
    if programme.model is None:
        raise UsageError(
            "programme.yaml has no section 'model': copy it from the shipped programme, and have it approved."
        )
    return programme.model


def read_history(workspace: Workspace, source: Source, horizon: int, outcome: str | None = None) -> History:
    """Read a folder of extracts in the register's form, as of a day, with the outcome at ``horizon`` months.

    ``outcome`` is the programme's unless a model of another one is judged.

    Without a day it is the end of the month of the newest date in the files: extracts are made at a month's end. A date
    of after today is a mistake, and so is one that lies alone, months after all others.
    Children born after the draw to women who got the offer are left out: only care as usual teaches and judges, and
    nothing is told by arm.
    Raises DataRefused when a file breaks its contract as a whole, or nobody in it can be followed.
    """
    required, optional = find_pipeline(PIPELINE).files(workspace.programme)
    extracts, unread = steps.read_extracts(workspace, source.folder, required, optional)
    notices = [f"{name}: no contract has this name, so it was not read." for name in unread]
    as_of = source.as_of or _newest_end_of_month(extracts, source.today)
    if source.as_of is None:
        notices.append(
            f"As of {as_of}, the end of the month of the newest date in the files; give --as-of for another."
        )
    else:
        _refuse_odd_day(extracts, as_of, source.today, rehearsal=workspace.rehearsal)
    files = _sorted(extracts, as_of)
    cohort, left = _cohort_of(workspace, files, as_of, horizon, outcome)
    quarantined = sum(len(file.quarantined_rows) for file in files)
    if left:
        notices.append(
            f"{left} children of women who got the offer were left out: care as usual alone teaches and judges."
        )
    if quarantined:
        notices.append(f"{quarantined} rows break a contract and were left out; 'smartstart check' names them.")
    return History(
        cohort=cohort,
        as_of=as_of,
        fingerprint=deliveries.fingerprint(sorted((file.contract.file, _bytes_of(file)) for file in files)),
        contracts={file.contract.file: file.contract.version for file in files},
        made_up=workspace.rehearsal or _is_made_up(files),
        quarantined=quarantined,
        left_for_the_trial=left,
        notices=tuple(notices),
    )


def _sorted(extracts: Sequence[Extract], as_of: date) -> list[SortedFile]:
    return sort_delivery(extracts, as_of, only_consented=False, known=_NOBODY)


def _newest_end_of_month(extracts: Sequence[Extract], today: date) -> date:
    newest = newest_day(_sorted(extracts, today))
    return min(_end_of_month(newest), max(newest, today))


def _refuse_odd_day(extracts: Sequence[Extract], as_of: date, today: date, *, rehearsal: bool) -> None:
    """Refuse a day after today, and one of which the files say nothing; made-up histories may do either."""
    if as_of > today and not rehearsal:
        raise UsageError("--as-of lies in the future: give the day on which the extracts were made.")
    newest = newest_day(_sorted(extracts, max(as_of, today)))
    if as_of > newest + SILENCE and not rehearsal:
        raise UsageError(
            f"--as-of lies more than {SILENCE.days} days after the newest date in the files, {newest}: nothing tells "
            "what happened since; give the day on which the extracts were made."
        )


def _cohort_of(
    workspace: Workspace, files: Sequence[SortedFile], as_of: date, horizon: int, outcome: str | None
) -> tuple[Cohort, int]:
    """Return the cohort, and how many children may not teach. Raises DataRefused when all are too young."""
    ids = _ids(files)
    offered = [{"person_id": ids[bsn], "since": day} for bsn, day in _offered(workspace, ids).items()]
    with _study(workspace, files, ids, as_of, horizon, _municipality(files)) as warehouse:
        warehouse.insert_rows("register.part", _parts(files, ids))
        warehouse.insert_rows("register.offered", offered)
        cohort, left = read_cohort(warehouse, workspace.programme, horizon, outcome)
    if not cohort.known.any():
        raise DataRefused(
            f"No child in these extracts was followed for {horizon} months by {as_of}: deliver a longer history, or "
            "learn for a shorter horizon (train --horizon)."
        )
    return cohort, left


def read_cohort(
    warehouse: Warehouse, programme: Programme, horizon: int, outcome: str | None = None
) -> tuple[Cohort, int]:
    """Return the cohort of a built register, and how many children the trial keeps out of it.

    Ids of persons become cluster numbers.
    """
    import numpy as np

    from smartstart.risk.cohort import DAYS_PER_MONTH, FACTORS, Cohort
    from smartstart.risk.predictors import PREDICTORS

    if programme.score is None or programme.model is None:
        raise PolicyRefused("The programme has no score or no model, so no cohort may be read.")
    asked = {
        "outcome": outcome or programme.model.outcome,
        "horizon": horizon,
        "young_mother_age": programme.score.young_mother_age,
    }
    rows = warehouse.frame(select_of("cohort"), asked)
    everyone = rows.height
    rows = rows.filter(~pl.col("offered"))

    def months(column: str) -> np.ndarray:
        days = (rows[column] - rows["born_on"]).dt.total_days().cast(pl.Float64)
        result: np.ndarray = (days / DAYS_PER_MONTH).fill_null(float("nan")).to_numpy()
        return result

    frame = rows.select(
        *(pl.col(name).cast(pl.Float64) for name in (*PREDICTORS, *FACTORS)), "language", "practice", "part"
    ).to_pandas()
    cohort = Cohort(
        frame=frame,
        mother=rows["mother_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        born=rows["born_on"].to_numpy().astype("datetime64[D]"),
        followed=months("followed_until"),
        happened=np.where(rows["start_unknown"].to_numpy(), np.nan, np.maximum(months("happened_on"), 0.0)),
        start_unknown=rows["start_unknown"].to_numpy(),
        known=rows["known"].to_numpy(),
        event=rows["event"].to_numpy(),
        horizon=horizon,
    )
    return cohort, everyone - rows.height


def newest_day(files: Sequence[SortedFile]) -> date:
    """Return the newest date of something that has happened, in any accepted row.

    A date that lies alone, by more than SILENCE after the one before it, is taken for a typing mistake.
    """
    found = [
        rows[f.name + (LATEST if f.kind == "incomplete_date" else TYPED)].drop_nulls()
        for file in files
        for rows in file.accepted_rows()
        for f in file.contract.fields
        if f.kind in {"date", "incomplete_date"} and not f.future_allowed
    ]
    days: list[date] = pl.concat(found).sort(descending=True).head(1000).to_list() if found else []
    if not days:
        raise DataRefused("The extracts hold no date: give --as-of, or deliver rows.")
    return next((day for day, before in pairwise(days) if day - before <= SILENCE), days[-1])


def _bytes_of(file: SortedFile) -> str:
    """Return the SHA-256 of what the accepted rows say, whatever their order: the same history is known as the same."""
    names = [f.name for f in file.contract.fields]
    rows = pl.concat([rows.select(names) for rows in file.accepted_rows()]).sort(names, nulls_last=True)
    return hashlib.sha256(rows.write_csv(separator="\x1f").encode()).hexdigest()


def _municipality(files: Sequence[SortedFile]) -> str | None:
    """Return the municipality that these extracts are of, or None if they are of many, as a national register is.

    Who is registered in another one has moved away, and is not followed there.
    """
    persons = [file for file in files if file.contract.file == PERSONS]
    codes = pl.concat([rows["municipality"] for file in persons for rows in file.accepted_rows()]).drop_nulls()
    if codes.is_empty():
        return None
    most = codes.value_counts(sort=True).row(0)
    return str(most[0]) if most[1] >= ONE_MUNICIPALITY * len(codes) else None


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _is_made_up(files: Sequence[SortedFile]) -> bool:
    """Tell whether these are extracts of the made-up municipality: its practices exist nowhere else."""
    practices = {
        code for file in files if file.contract.file == QUESTIONNAIRE for code in file.accepted["practice"].unique()
    }
    return bool(practices) and practices <= {*PRACTICES}


def _ids(files: Sequence[SortedFile]) -> dict[str, str]:
    """Return a number for each person, in the order of their BSNs: the same extracts give the same cohort."""
    people = sorted({bsn for file in files for bsn in named_people(file)})
    return {bsn: f"p{number:09d}" for number, bsn in enumerate(people)}


def _parts(files: Sequence[SortedFile], ids: dict[str, str]) -> list[dict[str, str]]:
    """Return the part of the municipality where each person lives, for the audit of fairness; it is not kept."""
    return [
        {"person_id": ids[bsn], "part": town}
        for file in files
        if file.contract.file == PERSONS
        for rows in file.accepted_rows()
        for bsn, town in rows.select("person_id", "town").rows()
        if town
    ]


def _offered(workspace: Workspace, ids: dict[str, str]) -> dict[str, date]:
    """Return the BSNs of women who were drawn for the offer, with the index date that they were drawn on."""
    with workspace.open() as (warehouse, vault):
        since = {
            row["research_id"]: row["index_date"]
            for row in warehouse.rows("SELECT research_id, index_date FROM allocation WHERE arm = 'offer'")
        }
        known = vault.known_ids(list(ids)) if since else {}
    return {bsn: since[research_id] for bsn, research_id in known.items() if research_id in since}


@contextmanager
def _study(
    workspace: Workspace,
    files: Sequence[SortedFile],
    ids: dict[str, str],
    as_of: date,
    horizon: int,
    municipality: str | None,
) -> Iterator[Warehouse]:
    """Build the register of these files in a database of its own, under a key that nobody keeps, and remove it."""
    programme = workspace.programme
    months = tuple(sorted({*programme.outcome.horizons_months, horizon}))
    programme = replace(programme, outcome=replace(programme.outcome, horizons_months=months))
    folder = make_folder(workspace.folder / "tmp")
    for left in folder.glob("study-*"):
        left.unlink(missing_ok=True)
    path = folder / f"study-{secrets.token_hex(4)}.duckdb"
    delivery = deliveries.Delivery(PIPELINE, PIPELINE, True, "", 1, as_of, as_of, None)
    try:
        with open_warehouse(path, secrets.token_bytes(32), workspace.contracts) as warehouse:
            deliveries.supersede(warehouse, delivery)
            for file in files:
                store_rows(warehouse, file, ids, delivery.delivery_id)
            build_register(warehouse, programme, as_of, delivery.delivery_id, lives_in=municipality)
            warehouse.run("CREATE TABLE register.part (person_id VARCHAR, part VARCHAR)")
            warehouse.run("CREATE TABLE register.offered (person_id VARCHAR, since DATE)")
            yield warehouse
    finally:
        for left in folder.glob(f"{path.name}*"):
            left.unlink(missing_ok=True)
