"""What happens after the index date changes no predictor and no risk; and nothing of a person stays in the store."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import Row, bsn, init, ok, read_csv, write_csv
from histories import AS_OF, FILES, FIRST_WOMAN, NAME, write_history

from smartstart import clock
from smartstart.modelling.history import Source, read_history
from smartstart.modelling.shelf import find_model
from smartstart.risk.candidates import DEFAULT
from smartstart.risk.cohort import FACTORS
from smartstart.risk.predictors import PREDICTORS
from smartstart.workspace import find_workspace

DATA = Path(__file__).parents[3] / "shared" / "data" / "pregnancies"
GARBAGE = {
    "huishoudens": {"huishoudtype": "zonder_partner", "aantal_kinderen": "7"},
    "inkomen": {"betaald_werk": "N", "soort_uitkering": "ioaw"},
    "wonen": {"eigendom": "huur", "huurtoeslag": "J"},
}
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace with a model, and the made-up history that it was learned from."""
    folder = tmp_path_factory.mktemp("leakage")
    history = write_history(folder / "register", 600)
    workspace = init(folder / "workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.modelling.training.INSTABILITY_MODELS", 2)
        patch.setattr("smartstart.modelling.training.LEARNING_REPEATS", 1)
        patch.setattr("smartstart.risk.learning.candidates", lambda: (DEFAULT,))
        ok("model", "train", "--extracts", history, "--as-of", AS_OF, w=workspace)
    return workspace, history


def spoilt(source: Path, to: Path) -> int:
    """Copy extracts with garbage after each woman's last index date; return how many rows are garbage."""
    to.mkdir()
    tables = {path.stem: read_csv(path) for path in source.glob("*.csv")}
    last: dict[str, date] = {}
    for row in tables["vragenlijst"]:
        day = midwifes(row["invuldatum"])
        last[row["burgerservicenummer"]] = max(day, last.get(row["burgerservicenummer"], day))
    for row in tables["kinderen"]:  # a birth that nobody was asked about has an index date as well
        day = municipal(row["geboortedatum_kind"]) - 182 * DAY
        who = row["burgerservicenummer_moeder"]
        last[who] = max(day, last.get(who, day))
    rows = 0
    for name, values in GARBAGE.items():
        known = [row for row in tables[name] if not _after(row, "peildatum", last)]
        later = [
            {"burgerservicenummer": who, "peildatum": f"{day + DAY:%Y%m%d}", **values} for who, day in last.items()
        ]
        tables[name] = [*known, *later]
        rows += len(later)
    mother = {row["burgerservicenummer_kind"]: row["burgerservicenummer_moeder"] for row in tables["kinderen"]}
    for name, kind in (("jeugdhulp", {"hulpvorm": "14"}), ("maatregelen", {"soort_maatregel": "11"})):
        kept = [r for r in tables[name] if r["datum_aanvang"] == "00000000" or not _after_hers(r, mother, last)]
        later = [
            {"burgerservicenummer_kind": child, "datum_aanvang": f"{last[who] + DAY:%Y%m%d}", "datum_einde": "", **kind}
            for child, who in mother.items()
            if who in last
        ]
        tables[name] = [*kept, *later]
        rows += len(later)
    for name, table in tables.items():
        write_csv(to / f"{name}.csv", read_header(source / f"{name}.csv"), table)
    return rows


def _after(row: Row, column: str, last: dict[str, date]) -> bool:
    who = row["burgerservicenummer"]
    return who in last and municipal(row[column]) > last[who]


def _after_hers(row: Row, mother: dict[str, str], last: dict[str, date]) -> bool:
    who = mother.get(row["burgerservicenummer_kind"], "")
    return who in last and municipal(row["datum_aanvang"]) > last[who]


def municipal(text: str) -> date:
    return date(int(text[:4]), max(int(text[4:6]), 1), max(int(text[6:8]), 1))


def midwifes(text: str) -> date:
    day, month, year = map(int, text.split("-"))
    return date(year, month, day)


def read_header(path: Path) -> list[str]:
    return path.read_text("utf-8-sig").partition("\n")[0].strip().split(";")


def seen(workspace: Path, folder: Path, as_of: str) -> tuple[Any, Any]:
    """Return what a model looks at of each child, and its risks."""
    found = find_workspace(workspace)
    cohort = read_history(found, Source(folder, date.fromisoformat(as_of), clock.today()), 60).cohort
    frame = cohort.frame[[*PREDICTORS, *FACTORS]]
    return frame, find_model(found, None).model.risk(cohort.frame)


def test_garbage_after_the_index_date_changes_no_bit_of_a_made_up_score(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    workspace, history = trained
    assert spoilt(history, tmp_path / "spoilt") > 2_000
    frame, risk = seen(workspace, history, AS_OF)
    same, again = seen(workspace, tmp_path / "spoilt", AS_OF)
    assert frame.equals(same)
    assert risk.tobytes() == again.tobytes()


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data are not in {DATA}")
def test_garbage_after_the_index_date_changes_no_bit_of_a_real_score(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    workspace, _ = trained
    register = DATA / "nsfg2002" / "register"
    assert spoilt(register, tmp_path / "spoilt") > 20_000
    frame, risk = seen(workspace, register, "2025-03-31")
    same, again = seen(workspace, tmp_path / "spoilt", "2025-03-31")
    assert frame.equals(same)
    assert risk.tobytes() == again.tobytes()


def test_a_child_born_and_a_questionnaire_filled_in_later_change_no_earlier_score(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    workspace, history = trained
    folder = tmp_path / "later"
    folder.mkdir()
    for name in FILES:
        rows = read_csv(history / f"{name}.csv")
        if name == "kinderen":
            rows += [
                {
                    "burgerservicenummer_moeder": bsn(nth), "burgerservicenummer_kind": bsn(700_000 + nth),
                    "geboortedatum_kind": "20240320",
                }
                for nth in range(FIRST_WOMAN, FIRST_WOMAN + 600)
            ]  # fmt: skip
        if name == "vragenlijst":
            rows += [
                row | {"invuldatum": "01-10-2023", "aterme_datum": "20-03-2024", "toestemming_datum": "01-10-2023",
                       "zwangerschap_gewenst": "N"}
                for row in rows
                if midwifes(row["aterme_datum"]) < date(2023, 1, 1)
            ]  # fmt: skip
        write_csv(folder / f"{name}.csv", read_header(history / f"{name}.csv"), rows)
    found = find_workspace(workspace)
    before = read_history(found, Source(history, date.fromisoformat(AS_OF), clock.today()), 60).cohort
    after = read_history(found, Source(folder, date.fromisoformat(AS_OF), clock.today()), 60).cohort
    after = after.where(after.born < before.born.max())
    before = before.where(before.born < before.born.max())
    columns = [*PREDICTORS, *FACTORS]

    def lines(cohort: Any) -> list[bytes]:
        return sorted(row.tobytes() for row in cohort.frame[columns].to_numpy())

    assert lines(before) == lines(after)


def test_nothing_of_a_person_lies_in_the_experiment_store_and_nothing_stays_in_the_tmp_folder(
    trained: tuple[Path, Path],
) -> None:
    workspace, _ = trained
    canaries = [NAME.encode(), *(bsn(FIRST_WOMAN + nth).encode() for nth in range(600)), b"participatiewet"]
    files = [path for path in (workspace / "experiments").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert not [canary for canary in canaries if canary in content], path.name
    assert not [path for path in (workspace / "tmp").rglob("*") if path.is_file()]


def test_what_is_told_while_learning_names_nobody(trained: tuple[Path, Path], tmp_path: Path) -> None:
    workspace, _ = trained
    later = write_history(tmp_path / "later", 200, seed=8)
    done = ok("model", "evaluate", "--extracts", later, "--as-of", AS_OF, w=workspace)
    assert NAME not in done.text
    assert not [nth for nth in range(200) if bsn(FIRST_WOMAN + nth) in done.text]
