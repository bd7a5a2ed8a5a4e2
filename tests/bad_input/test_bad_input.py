"""Bad input: every labelled defect is found under its own rule, at its own place, and costs no valid row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from defects import NOT_DELIVERED, all_cases
from file_formats import FORMATS, written
from valid_delivery import AS_OF, CONTRACTS
from verdicts import WHOLE_FILE, Case, Matrix, judged, valid

from smartstart.check_files import check_paths
from smartstart.contracts.rules import REFUSALS, REMEDIES

LEAST = 250


def few(cases: Iterator[Case]) -> list[Case]:
    """Return each defect twice, and each rule in each format; ``run.py`` tries all, in every contract as well."""
    kept: list[Case] = []
    times: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for case in cases:
        pairs = {(rule, case.format) for rule in case.rules}
        if times[case.defect] < 2 or not pairs <= seen:
            kept.append(case)
            times[case.defect] += 1
            seen |= pairs
    return kept


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Case], Matrix, Path]:
    """Every case of the suite on the disk, and the confusion matrix of what was said of it."""
    cases, matrix, root = few(all_cases()), Matrix(), tmp_path_factory.mktemp("bad")
    for number, case in enumerate(cases):
        folder = case.write(root / str(number))
        matrix.add(case, judged(folder, only_consented=case.only_consented, erased=case.erased))
    return cases, matrix, root


def test_every_planted_defect_is_found_under_its_own_rule_and_no_valid_row_is_lost(
    tried: tuple[list[Case], Matrix, Path],
) -> None:
    _, matrix, _ = tried
    assert matrix.wrong == []
    told = matrix.as_dict()
    assert told["files"] == told["files_right"] and matrix.rows_lost == 0 and matrix.rows_kept > 5 * LEAST
    assert sum(matrix.files.values()) >= LEAST
    assert all(planted == found for planted, found in matrix.cells)


def test_the_defects_reach_every_contract_every_format_and_every_rule(tried: tuple[list[Case], Matrix, Path]) -> None:
    cases = list(all_cases())
    assert {case.contract for case in cases} == {*CONTRACTS}
    assert {case.format for case in cases} >= {*FORMATS}
    planted = {rule for case in cases for rule in case.rules}
    assert planted == {*REMEDIES, *REFUSALS, *WHOLE_FILE} - {*NOT_DELIVERED}
    assert {rule for case in tried[0] for rule in case.rules} == planted


def test_check_says_the_same_of_these_files_and_never_a_value(
    tried: tuple[list[Case], Matrix, Path], tmp_path: Path
) -> None:
    cases, _, root = tried
    first = {
        min(case.rules): number for number, case in enumerate(cases) if not case.only_consented and not case.erased
    }
    told = check_paths([root / str(number) for number in first.values()], AS_OF, tmp_path)
    planted = Counter((*place, rule) for number in first.values() for place, rule in cases[number].planted.items())
    said = Counter((one["file"], one["row"], one["column"], one["rule"]) for one in told.breaches)
    assert said == Counter({where: n for where, n in planted.items() if where[3] in REMEDIES})
    assert len(told.refusals) == sum(n for where, n in planted.items() if where[3] in WHOLE_FILE)
    assert len(told.notices) == sum(n for where, n in planted.items() if where[3] in REFUSALS)
    sentences = " ".join([*told.refusals, *told.notices, *(str(one) for one in told.breaches)])
    values = {text for table in valid().values() for row in table.rows for text in row.values() if len(text) > 5}
    ours = " ".join([*REMEDIES.values(), *(f.header for c in CONTRACTS.values() for f in c.fields)])
    assert not [text for text in values if text in sentences and text not in ours]


def test_the_valid_delivery_has_no_defect(tmp_path: Path) -> None:
    for kind in FORMATS:
        folder = tmp_path / kind
        folder.mkdir()
        for name, table in valid().items():
            (folder / f"{name}.{kind}").write_bytes(written(table, kind))
        verdict = judged(folder)
        assert verdict.said == {} and verdict.reconciles
        assert {file.accepted.height for file in verdict.files.values()} == {6}
