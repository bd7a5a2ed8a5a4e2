"""What the numbers and words of a programme can mean; each refusal names the key."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from smartstart.calendar import LONGEST_WEEKS
from smartstart.programme.records import must
from smartstart.programme.sections import (
    EVENT_OUTCOMES,
    LEAST_LOOK,
    WAVES,
    Analysis,
    Consent,
    Costs,
    Letters,
    Monitoring,
    Planning,
    Programme,
    Score,
    Trial,
)


def judge(programme: Programme, place: str) -> None:
    """Hold numbers against what they can mean; each refusal names the key."""
    code = programme.municipality.code
    must(
        len(code) == 4 and code.isascii() and code.isdigit(),
        f"{place}, municipality, code: must be four digits in quotes",
    )
    must(
        programme.engine != "spark" or Path(programme.spark_folder).is_absolute(),
        f"{place}, spark_folder: engine spark needs the full path of a folder, on encrypted storage",
    )
    e, s, li, o = programme.eligibility, programme.score, programme.lists, programme.outcome
    must(12 <= e.max_age <= 60, f"{place}, eligibility, max_age: must lie from 12 to 60 years")
    must(
        0 <= e.min_week <= e.max_week <= LONGEST_WEEKS,
        f"{place}, eligibility: weeks must rise within 0 to {LONGEST_WEEKS}",
    )
    _judge_consent(programme.consent, f"{place}, consent")
    if s is not None:
        must(12 <= s.young_mother_age <= 60, f"{place}, score, young_mother_age: must lie from 12 to 60 years")
        must(1 <= s.band_from <= 4, f"{place}, score, band_from: must lie from 1 to 4 factors")
        _judge_bands(s, f"{place}, score", has_model=programme.model is not None)
    must(0 <= li.status_max_age_days <= 31, f"{place}, lists, status_max_age_days: must lie from 0 to 31 days")
    q = programme.questionnaires
    for name, wave in (("tussenmeting", q.tussenmeting), ("eindmeting", q.eindmeting)):
        must(0 < wave.months <= 60, f"{place}, questionnaires, {name}, months: must lie from 1 to 60 months")
        must(
            -365 <= wave.from_days <= wave.until_days <= 365,
            f"{place}, questionnaires, {name}: days must rise within -365 to 365",
        )
        must(
            -365 <= wave.counts[0] <= wave.counts[1] <= 365,
            f"{place}, questionnaires, {name}: counts_from_days and counts_until_days must rise within -365 to 365",
        )
    months = o.horizons_months
    must(bool(months) and min(months) > 0, f"{place}, outcome, horizons_months: must be positive months")
    if programme.model is not None:
        _judge_model(programme, f"{place}, model")
    for days in ("quarantine_days", "access_days", "backup_days"):
        must(getattr(programme.retention, days) > 0, f"{place}, retention, {days}: must be positive")
    _judge_trial(programme.trial, f"{place}, trial")
    if programme.analysis is not None:
        _judge_analysis(programme, programme.analysis, f"{place}, analysis")
    _judge_monitoring(programme.monitoring, f"{place}, monitoring")
    _judge_planning(programme.planning, f"{place}, planning")
    if programme.costs is not None:
        _judge_costs(programme.costs, f"{place}, costs")
    if programme.letters is not None:
        _judge_letters(programme.letters, f"{place}, letters")
    for name, section in vars(programme).items():
        given = not hasattr(section, "owner") or bool(section.owner.strip() and section.reason.strip())
        must(given, f"{place}, {name}: owner and reason must be given")


def _judge_bands(s: Score, place: str, *, has_model: bool) -> None:
    by_model = s.kind == "model"
    must(
        bool(re.fullmatch("[0-9a-f]{64}", s.model)) if by_model else not s.model,
        f"{place}, model: with kind model it is the checksum that 'model approve' printed, and else left out",
    )
    must(not by_model or has_model, f"{place}, kind: a model needs the section 'model', which says what it looks at")
    must(by_model == bool(s.risk_bands), f"{place}, risk_bands: must be given with kind model, and only then")
    must(_risks_rise(s.risk_bands), f"{place}, risk_bands: must be risks that rise between 0 and 1")


def _judge_model(programme: Programme, place: str) -> None:
    m = programme.model
    must(m is None or programme.score is not None, f"{place}: without a score there is no ground for a model")
    if m is None:
        return
    must(m.horizon_months > 0, f"{place}, horizon_months: must be positive months")
    must(len(set(m.predictors)) == len(m.predictors) >= 1, f"{place}, predictors: each is named once, and one at least")
    for name in m.missing_alike:
        must(name in m.predictors, f"{place}, missing_alike: '{name}' is not among the predictors")
    must(
        bool(m.thresholds) and _risks_rise(m.thresholds),
        f"{place}, thresholds: must be risks that rise between 0 and 1",
    )


def _risks_rise(risks: tuple[float, ...]) -> bool:
    return all(before < after < 1 for before, after in pairwise((0.0, *risks)))


def _judge_analysis(programme: Programme, a: Analysis, place: str) -> None:
    must(0 <= a.exact_below <= a.few_below, f"{place}: exact_below and few_below must rise from 0")
    must(a.sparse_stratum >= 0, f"{place}, sparse_stratum: must be 0 women or more")
    must(2 <= a.imputations <= 1000, f"{place}, imputations: must lie from 2 to 1000")
    must(100 <= a.rerandomisations <= 1_000_000, f"{place}, rerandomisations: must lie from 100 to 1000000")
    by_model = programme.score is not None and programme.score.kind == "model"
    must(
        "prognostic_score" not in a.covariates or by_model,
        f"{place}, covariates: a prognostic_score needs 'score: kind: model', or leave it out",
    )
    trial = f"{place.removesuffix(', analysis')}, trial"
    for o in programme.trial.outcomes:
        must(
            o.kind == "scale" or o.outcome in EVENT_OUTCOMES,
            f"{trial}, outcomes: an event is one of {', '.join(EVENT_OUTCOMES)}",
        )
        known = [str(month) for month in programme.outcome.horizons_months] if o.kind == "event" else WAVES
        must(
            o.at in known,
            f"{trial}, outcomes, {o.outcome}, at: must be one of {', '.join(known)}",
        )


def _judge_monitoring(m: Monitoring, place: str) -> None:
    must(0 < m.alpha < 0.5, f"{place}, alpha: must lie between 0 and 0.5; it is one-sided")
    must(0 < m.harm_alpha < 0.5, f"{place}, harm_alpha: must lie between 0 and 0.5; it is one-sided")
    must(m.alpha < m.power < 1, f"{place}, power: must lie between alpha and 1")
    must(1 <= m.cap <= 10, f"{place}, cap: must lie from 1 to 10 times the planned information")
    must(bool(m.first_reader.strip()), f"{place}, first_reader: name the function of an independent person")


def _judge_costs(costs: Costs, place: str) -> None:
    for name in ("offer_per_woman", "placement"):
        must(0 < getattr(costs, name) < 1e9, f"{place}, {name}: must be an amount in euros above 0")
    must(costs.price_year == 0 or 1990 <= costs.price_year <= 2100, f"{place}, price_year: must be a year, or 0")
    must(0 < costs.placement_years <= 18, f"{place}, placement_years: must lie above 0, up to 18 years")
    must(0 <= costs.discount_rate <= 0.2, f"{place}, discount_rate: must lie from 0 to 0.2 a year")
    for name in ("support_hour", "place_day"):
        must(0 <= getattr(costs, name) < 1e5, f"{place}, {name}: must be an amount in euros, or 0 for not stated")
    stated = {
        "offer": True,
        "placement": True,
        "support_hour": costs.support_hour > 0,
        "place_day": costs.place_day > 0,
    }
    for name, must_have in stated.items():
        said = bool(getattr(costs, f"{name}_source").strip())
        must(said or not must_have, f"{place}, {name}_source: must say where the amount comes from")


def _judge_letters(letters: Letters, place: str) -> None:
    must(
        not letters.logo or bool(re.fullmatch(r"[\w-][\w .-]*\.(png|jpg|jpeg)", letters.logo, re.IGNORECASE)),
        f"{place}, logo: must be the name of a PNG or JPEG in the folder huisstijl, such as logo.png",
    )
    colour = re.fullmatch("#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})", letters.colour)
    must(colour is not None, f'{place}, colour: must be a colour in quotes, such as "#154273"')
    if colour is not None:
        contrast = _contrast_with_white([int(part, 16) / 255 for part in colour.groups()])
        must(contrast >= 4.5, f"{place}, colour: is too light to be read on white paper; take a darker one")
    for name in ("supporter", "complaints"):
        must(bool(getattr(letters, name).strip()), f"{place}, {name}: must be given")


def _contrast_with_white(rgb: list[float]) -> float:
    """Return the contrast ratio with white, from 1 to 21, of sRGB parts from 0 to 1 (WCAG 2.1, 1.4.3)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


def _judge_planning(p: Planning, place: str) -> None:
    for name, share in (("consent", p.consent), ("answered", p.answered)):
        must(0 < share <= 1, f"{place}, {name}: must be a share above 0, up to 1")
    must(0 <= p.correlation < 1, f"{place}, correlation: must lie from 0 up to, not including, 1")
    must(p.difference > 0, f"{place}, difference: must lie above 0 standard deviations")
    must(0 <= p.lower_risk < p.risk < 1, f"{place}, lower_risk and risk: must rise from 0 to below 1")
    must(p.prior_sd > 0, f"{place}, prior_sd: must lie above 0")
    must(1 <= p.within_years <= 50, f"{place}, within_years: must lie from 1 to 50 years")


def _judge_consent(c: Consent, place: str) -> None:
    must(
        c.model == "before_draw" or bool(c.ruling.strip()),
        f"{place}, model: '{c.model}' needs the number of its ruling in 'ruling', or take before_draw",
    )
    must(all(version.strip() for version in c.versions), f"{place}, versions: none of them may be empty")
    must(1 <= c.linkage_years <= 25, f"{place}, linkage_years: must lie from 1 to 25 years")
    must(
        10 <= c.youngest <= c.own_consent_from <= 18,
        f"{place}: youngest and own_consent_from must rise within 10 to 18",
    )


def _judge_trial(t: Trial, place: str) -> None:
    must(t.expected_per_year > 0, f"{place}, expected_per_year: must be positive")
    must(t.capacity_per_month is None or t.capacity_per_month > 0, f"{place}, capacity_per_month: must be positive")
    must(
        t.arms[:1] == ("offer",),
        f"{place}, arms: the first must be offer, which everyone gets once the trial is closed",
    )
    rising = all(before < after for before, after in pairwise((0, *t.looks)))
    must(bool(t.looks) and rising and t.looks[-1] == 100, f"{place}, looks: must rise and end at 100 percent")
    must(
        t.looks[0] >= LEAST_LOOK,
        f"{place}, looks: none may come before {LEAST_LOOK} percent, so early it gives nothing",
    )
    must(sum(o.primary for o in t.outcomes) == 1, f"{place}, outcomes: one of them must be primary")
