"""The programme: every key is known, typed, and has an owner; a typo is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from smartstart.errors import UsageError
from smartstart.programme import load_instrument, load_programme
from smartstart.resources import shipped

HEUSDEN = shipped("configs") / "programmes" / "heusden.yaml"


def altered(tmp_path: Path, change: Any) -> Path:
    raw = yaml.safe_load(HEUSDEN.read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "programme.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


def test_the_shipped_programme_reads() -> None:
    programme = load_programme(HEUSDEN)
    assert programme.eligibility.max_age == 28 and programme.trial.block_sizes == (4, 6, 8)
    assert programme.mandate.missing == ["legal_ground", "dpia", "ethics_ruling", "trial_registration"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda raw: raw["eligibility"].update(max_agee=28),
            r"eligibility: unknown key 'max_agee' \(did you mean 'max_age'\?\)",
        ),
        (lambda raw: raw["eligibility"].pop("max_age"), "eligibility: the key 'max_age' is missing"),
        (lambda raw: raw["eligibility"].update(max_age="28"), "max_age: must be a whole number"),
        (lambda raw: raw["eligibility"].update(max_age=0.3), "max_age: must be a whole number"),
        (lambda raw: raw["eligibility"].update(max_age=True), "max_age: must be a whole number"),
        (lambda raw: raw["eligibility"].update(max_age=280), "must lie from 12 to 60"),
        (lambda raw: raw["eligibility"].update(min_week=37), "weeks must rise"),
        (lambda raw: raw["municipality"].update(code=797), "code: must be text"),
        (lambda raw: raw["municipality"].update(code="797"), "four digits"),
        (
            lambda raw: raw["trial"].update(strata=["risk_bands"]),
            r"strata\[0\]: must be one of.*did you mean 'risk_band'",
        ),
        (lambda raw: raw["trial"].update(ratio="1:1"), "ratio: must be a list"),
        (lambda raw: raw["trial"].update(owner=" "), "owner and reason must be given"),
        (lambda raw: raw.update(score=[]), "score: must be a mapping"),
    ],
)
def test_a_mistake_is_refused_by_key_and_place(tmp_path: Path, change: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_programme(altered(tmp_path, change))


def test_broken_yaml_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text("programme: heusden\n  contact: [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"programme.yaml, line 2"):
        load_programme(path)


def test_a_key_that_stands_twice_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text(
        HEUSDEN.read_text(encoding="utf-8").replace("  max_age: 28\n", "  max_age: 28\n  max_age: 38\n"), "utf-8"
    )
    with pytest.raises(UsageError, match=r"line \d+: the key 'max_age' stands there twice"):
        load_programme(path)


def test_every_shipped_instrument_reads_and_ships_no_text() -> None:
    for path in sorted((shipped("configs") / "instruments").glob("*.yaml")):
        instrument = load_instrument(path)
        assert instrument.instrument == path.stem and instrument.items
