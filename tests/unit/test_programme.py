"""The programme: every key is known, typed, and has an owner; a typo is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from smartstart.errors import UsageError
from smartstart.pipeline import find_pipeline
from smartstart.programme.instruments import load_instrument
from smartstart.programme.loading import load_programme
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
            lambda raw: raw["trial"].update(strata={"risk_bands": ["a"]}),
            "strata: must be one of.*did you mean 'risk_band'",
        ),
        (lambda raw: raw["trial"].update(ratio="1:1"), "ratio: must be a list"),
        (lambda raw: raw["trial"].update(start="1 januari"), "trial, start: must be a day that exists"),
        (lambda raw: raw["trial"].update(start="20270101"), "trial, start: must be a day that exists"),
        (lambda raw: raw["trial"].update(looks=[50]), "looks: must rise and end at 100"),
        (lambda raw: raw["trial"].update(looks=[100, 50]), "looks: must rise and end at 100"),
        (lambda raw: raw["trial"].update(looks=[25, 100]), "looks: none may come before 30 percent"),
        (lambda raw: raw["monitoring"].update(alpha=0.5), "alpha: must lie between 0 and 0.5; it is one-sided"),
        (lambda raw: raw["monitoring"].update(futility="pocok"), "futility: must be one of.*did you mean 'pocock'"),
        (lambda raw: raw["monitoring"].update(cap=0.9), "cap: must lie from 1 to 10"),
        (lambda raw: raw["monitoring"].update(first_reader=" "), "first_reader: name the function"),
        (lambda raw: raw["planning"].update(consent=0), "consent: must be a share above 0"),
        (lambda raw: raw["planning"].update(lower_risk=0.02), "lower_risk and risk: must rise"),
        (lambda raw: raw["trial"].update(arms=["care_as_usual", "offer"]), "arms: the first must be offer"),
        (lambda raw: raw["trial"].update(outcomes=[]), "one of them must be primary"),
        (lambda raw: raw["trial"].update(capacity_per_month=0), "capacity_per_month: must be positive"),
        (lambda raw: raw["trial"].update(method="alternation"), "method: must be one of"),
        (lambda raw: raw["questionnaires"]["eindmeting"].update(months=0), "eindmeting, months: must lie from 1"),
        (lambda raw: raw["questionnaires"]["tussenmeting"].update(from_days=50), "tussenmeting: days must rise"),
        (
            lambda raw: raw["questionnaires"]["eindmeting"].update(counts_from_days=99),
            "eindmeting: counts_from_days and counts_until_days must rise",
        ),
        (lambda raw: raw["questionnaires"].update(reason=""), "questionnaires: owner and reason must be given"),
        (lambda raw: raw["trial"].update(owner=" "), "owner and reason must be given"),
        (lambda raw: raw.update(score=[]), "score: must be a mapping"),
        (lambda raw: raw.pop("consent"), "the key 'consent' is missing"),
        (lambda raw: raw["consent"].update(model="zelen"), "consent, model: 'zelen' needs the number of its ruling"),
        (lambda raw: raw["consent"].update(model="zelem"), r"consent, model: must be one of.*did you mean 'zelen'"),
        (lambda raw: raw["consent"].update(versions="2027-1"), "consent, versions: must be a list"),
        (lambda raw: raw["consent"].update(linkage_years=0), "linkage_years: must lie from 1 to 25"),
        (lambda raw: raw["consent"].update(youngest=17), "youngest and own_consent_from must rise"),
        (lambda raw: raw["consent"].update(reason=""), "consent: owner and reason must be given"),
    ],
)
def test_a_mistake_is_refused_by_key_and_place(tmp_path: Path, change: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_programme(altered(tmp_path, change))


def test_another_consent_model_is_taken_with_the_number_of_its_ruling(tmp_path: Path) -> None:
    path = altered(tmp_path, lambda raw: raw["consent"].update(model="zelen", ruling="NL00000.028.27"))
    assert load_programme(path).consent.model == "zelen"


def test_what_a_consent_section_leaves_out_is_the_design_of_before_the_draw(tmp_path: Path) -> None:
    def least(raw: Any) -> None:
        raw["consent"] = {"linkage_years": 5, "owner": "onderzoeker", "reason": "protocol"}

    consent = load_programme(altered(tmp_path, least)).consent
    assert (consent.model, consent.versions, consent.own_consent_from, consent.youngest) == ("before_draw", (), 16, 12)


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


def test_every_shipped_pipeline_reads_and_is_named_as_its_file() -> None:
    paths = sorted(shipped("pipelines").glob("*.yaml"))
    assert [find_pipeline(path.stem).pipeline for path in paths] == [path.stem for path in paths]
    with pytest.raises(UsageError, match="there are follow_up, quarterly, register, support, weekly"):
        find_pipeline("monthly")


def test_every_shipped_instrument_reads_and_ships_no_text() -> None:
    for path in sorted((shipped("configs") / "instruments").glob("*.yaml")):
        instrument = load_instrument(path)
        assert instrument.instrument == path.stem and instrument.items


@pytest.mark.parametrize("text", ["a: " + "[" * 300_000, "- " * 300_000, "a: " + "{a: " * 300_000])
def test_a_file_nested_without_end_is_refused_before_the_parser_falls_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="nested too deep"):
        load_programme(path)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a: 2024-13-45", "no valid YAML"),
        ("a: !!int maybe", "no valid YAML"),
        ('"a\\nb": 1', "line 1: a key must be one line"),
        ("? [a, b]\n: 1", "line 1: a key must be one line"),
    ],
)
def test_what_the_parser_lets_through_is_refused_in_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=sentence):
        load_programme(path)


@pytest.mark.parametrize("alpha", [float("nan"), float("inf"), 10**400])
def test_a_number_that_is_none_is_refused(tmp_path: Path, alpha: float) -> None:
    with pytest.raises(UsageError, match="alpha: must be a number"):
        load_programme(altered(tmp_path, lambda raw: raw["monitoring"].update(alpha=alpha)))
