"""Consent: on which information sheet, and with whose yes for a girl who may not decide alone."""

from __future__ import annotations

from pathlib import Path

import yaml
from harness import Town, arms, bsn, quarterly, write_csv

from smartstart.synthetic.deliveries import REGISTER_QUESTIONNAIRE

SHEET, GUARDIAN = "toestemming_versie", "toestemming_gezag"


def listing(workspace: Path, *versions: str) -> Path:
    path = workspace / "programme.yaml"
    programme = yaml.safe_load(path.read_text("utf-8"))
    programme["consent"]["versions"] = list(versions)
    path.write_text(yaml.safe_dump(programme, allow_unicode=True), "utf-8")
    return workspace


def written(town: Town, folder: Path, answers: dict[int, dict[str, str]]) -> Path:
    """Write a delivery whose questionnaires have the two columns; ``answers`` is woman -> column -> text."""
    town.write(folder)
    by_bsn = {bsn(nth): answer for nth, answer in answers.items()}
    rows = [row | by_bsn.get(row["burgerservicenummer"], {}) for row in town.tables["vragenlijst"]]
    write_csv(folder / "vragenlijst.csv", [*REGISTER_QUESTIONNAIRE, SHEET, GUARDIAN], rows)
    return folder


def test_a_girl_who_may_not_decide_alone_is_drawn_only_with_the_consent_of_her_guardian(
    empty: Path, tmp_path: Path
) -> None:
    town = Town()
    for nth in (1, 2, 3):
        town.woman(nth, geboortedatum="20090101" if nth < 3 else "19990310")
    done = quarterly(empty, written(town, tmp_path / "q", {2: {GUARDIAN: "11-03-2024"}}))
    assert done.code == 0, done.err
    assert done.json["uncertain"] == 1 and set(arms(empty)) == {bsn(2), bsn(3)}
    assert "minor without guardian" in done.err


def test_only_who_consented_on_a_listed_sheet_is_drawn(empty: Path, tmp_path: Path) -> None:
    town = Town()
    for nth in (1, 2, 3):
        town.woman(nth)
    answers = {1: {SHEET: "2024-1"}, 2: {SHEET: "2023-9"}}
    done = quarterly(listing(empty, "2024-1"), written(town, tmp_path / "q", answers))
    assert done.code == 0, done.err
    assert set(arms(empty)) == {bsn(1)} and done.json["uncertain"] == 2


def test_without_the_columns_and_without_listed_sheets_everything_works_as_before(empty: Path, tmp_path: Path) -> None:
    town = Town()
    town.woman(1)
    assert quarterly(empty, town.write(tmp_path / "q")).code == 0
    assert set(arms(empty)) == {bsn(1)}
