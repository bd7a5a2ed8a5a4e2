"""The programme of one municipality: configs/ and a workspace's ``programme.yaml`` into frozen objects.

Read once, judged once: an unknown key, a wrong type or a number out of range is refused by name and place.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import ceil, isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from smartstart.errors import UsageError, nearest
from smartstart.resources import read_yaml, shipped


@dataclass(frozen=True)
class Municipality:
    """Name for on paper and code for in the data (four digits)."""

    name: str
    code: str


@dataclass(frozen=True)
class ContactPoint:
    """Whom a midwife calls."""

    name: str
    phone: str
    email: str

    @property
    def line(self) -> str:
        """Return what is known of it as one line."""
        return " · ".join(part for part in (self.name, self.phone, self.email) if part)


@dataclass(frozen=True)
class Mandate:
    """What must be in order before anybody may be drawn, outside a rehearsal."""

    legal_ground: str
    dpia: str
    ethics_ruling: str
    trial_registration: str

    @property
    def missing(self) -> list[str]:
        """Return the names of the fields that are still empty."""
        return [f.name for f in fields(self) if not getattr(self, f.name).strip()]


@dataclass(frozen=True)
class Eligibility:
    """Who may take part; weeks are completed weeks of pregnancy on the as-of date."""

    max_age: int
    max_age_inclusive: bool
    age_on: Literal["questionnaire", "as_of", "due_date"]
    min_week: int
    max_week: int
    owner: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What women are asked before they are drawn, and who may say yes for herself.

    ``ruling`` is the number of the ruling that another ``model`` than before_draw needs. ``versions`` are those of the
    information sheet that count; none listed means any. ``linkage_years`` is how long her consent covers linkage to
    records of youth care. From ``own_consent_from`` years on she decides herself; who seems younger than ``youngest``
    is a mistake in the data until a person says otherwise.
    """

    model: Literal["before_draw", "zelen", "trial_within_cohort"] = "before_draw"
    ruling: str = ""
    versions: tuple[str, ...] = ()
    linkage_years: int
    own_consent_from: int = 16
    youngest: int = 12
    owner: str
    reason: str


@dataclass(frozen=True)
class Score:
    """What the risk bands are made of: the count of the pilot's four factors, or an approved model.

    ``band_from`` is the number of factors from which on the higher band begins. With ``kind: model``, ``model`` is the
    checksum that ``model approve`` printed, and ``risk_bands`` the risks at which the next band begins.
    """

    kind: Literal["factor_count", "model"]
    young_mother_age: int
    band_from: int
    owner: str
    reason: str
    model: str = ""
    risk_bands: tuple[float, ...] = ()


PredictorName = Literal[
    "age", "age_at_first_birth", "earlier_births", "first_birth", "years_since_birth", "married", "without_partner",
    "children_elsewhere", "other_children", "unwanted", "earlier_child_placed", "without_work", "on_benefit",
    "rent_allowance", "smokes", "first_visit_week", "no_qualification", "parents_apart", "own_mother_teenage",
]  # fmt: skip


@dataclass(frozen=True)
class Model:
    """What a risk model predicts, from what, and at which risks it is judged. It selects nobody.

    ``outcome``: ``uhp`` (placed without its mother), ``ots`` (a supervision order) or ``either``, within
    ``horizon_months`` of birth. ``missing_alike`` names the predictors whose reason for being unknown is the same in
    training and in use: only of those may a model learn from the gap itself. ``thresholds`` are risks, from 0 to 1.
    ``audit_only`` are kept out of training and looked at for fairness.
    """

    outcome: Literal["uhp", "ots", "either"]
    horizon_months: int
    predictors: tuple[PredictorName, ...]
    missing_alike: tuple[PredictorName, ...]
    thresholds: tuple[float, ...]
    audit_only: tuple[Literal["language", "practice"], ...]
    owner: str
    reason: str


FactorName = Literal["risk_band", "practice", "gestation", "smoking", "language"]


@dataclass(frozen=True)
class Minimisation:
    """Minimisation as the municipality states it; ``trial.design.Minimisation`` says what each part means."""

    factors: dict[FactorName, tuple[str, ...]]
    weights: tuple[int, ...]
    imbalance: Literal["range", "variance"]
    coin: str
    unequal: Literal["equal_shares", "biased_coin"] = "equal_shares"


@dataclass(frozen=True)
class PlannedOutcome:
    """What the arms will be compared on: a scale at a wave of the questionnaire, or an event by a month."""

    outcome: str
    kind: Literal["scale", "event"]
    at: str
    primary: bool


@dataclass(frozen=True)
class Trial:
    """The design as the municipality states it; ``trial.design.Design`` judges it.

    ``start`` is the first day on which anybody may be drawn. ``capacity_per_month`` is the number of women whom
    the team can take on in a calendar month. ``after_closing`` says what a control woman's later pregnancy means
    once everyone is offered: she is offered too, or stays as drawn. ``looks`` are the planned comparisons of the
    arms, each as a percentage of the planned information on the primary outcome.
    """

    trial_id: str
    start: str
    arms: tuple[Literal["offer", "care_as_usual"], ...]
    ratio: tuple[int, ...]
    method: Literal["permuted_blocks", "minimisation", "simple", "big_stick"]
    strata: dict[FactorName, tuple[str, ...]]
    expected_per_year: int
    outcomes: tuple[PlannedOutcome, ...]
    looks: tuple[int, ...]
    owner: str
    reason: str
    block_sizes: tuple[int, ...] = ()
    minimisation: Minimisation | None = None
    bound: int | None = None
    unit: Literal["woman", "household"] = "woman"
    capacity_per_month: int | None = None
    after_closing: Literal["offered", "as_drawn"] = "offered"


@dataclass(frozen=True)
class Lists:
    """How fresh the status data must be for a list, in days."""

    status_max_age_days: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Wave:
    """When a questionnaire is due: ``months`` after the birth, from and until some days before or after that day.

    In the comparison of the arms one counts that was filled in from ``counts_from_days`` until ``counts_until_days``
    around that day; where these are not given, the days of the list hold.
    """

    months: int
    from_days: int
    until_days: int
    counts_from_days: int | None = None
    counts_until_days: int | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """Return from and until which day a questionnaire counts, from the day that is ``months`` after the birth."""
        first, last = self.counts_from_days, self.counts_until_days
        return self.from_days if first is None else first, self.until_days if last is None else last


WAVES: Final = ("tussenmeting", "eindmeting")


@dataclass(frozen=True)
class Questionnaires:
    """The windows of the two later waves, for the list that youth health care gets."""

    tussenmeting: Wave
    eindmeting: Wave
    owner: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Horizons in months after birth, and the places where mother and child stay together."""

    horizons_months: tuple[int, ...]
    parent_and_child_products: tuple[str, ...]
    owner: str
    reason: str


@dataclass(frozen=True)
class Retention:
    """How long things are kept, in days: rows in quarantine, the access log, and backups from the day of making."""

    quarantine_days: int
    owner: str
    reason: str
    access_days: int = 1826  # five years [A]: the municipality decides
    backup_days: int = 35


@dataclass(frozen=True)
class ReadingCopy:
    """How the tables are left that analysts read with their own tools; few readers open an ``encrypted`` one."""

    encrypted: bool = False


EVENT_OUTCOMES: Final = ("placed_without_mother", "placed_rivm", "supervision_order", "placed_or_ordered")


@dataclass(frozen=True)
class Analysis:
    """How the arms are compared, decided before anybody knows which is which; ``trial lock-plan`` records it.

    ``covariates`` adjust every comparison: ``baseline`` is the scale at the start, ``prognostic_score`` the log odds of
    the approved model. ``exact_below`` and ``few_below`` are pooled events (trial.analysis.rule). Strata with fewer
    women than ``sparse_stratum`` are merged. ``multiplicity`` is for the outcomes after the primary one.
    ``subgroups`` are looked at as interactions. ``imputations`` of missing values, ``rerandomisations`` of the draw.
    """

    covariates: tuple[Literal["baseline", "prognostic_score"], ...]
    exact_below: int
    few_below: int
    sparse_stratum: int
    multiplicity: Literal["holm", "fixed_sequence"]
    subgroups: tuple[Literal["risk_band", "practice"], ...]
    imputations: int
    rerandomisations: int
    owner: str
    reason: str


SpendingName = Literal["obrien-fleming", "lan-demets-obf", "pocock", "kim-demets", "hwang-shih-decani"]


@dataclass(frozen=True)
class Monitoring:
    """How often the arms are compared, and what stops the trial; ``trial.looks`` says at which information.

    ``spending`` always-valid is for a programme that cannot plan its looks: any moment from 30 % on will do, at the
    price of wider intervals. ``alpha`` is one-sided and spent over all looks together; ``power`` is what the trial is
    planned for at the least important difference. ``futility`` is the spending function of the other error, or none;
    it binds nobody. ``harm_alpha`` is one-sided, for each kind of harm. Re-estimated information may grow to ``cap``
    times what was planned. ``first_reader`` is the function of the independent person who sees a comparison first.
    """

    spending: Literal[SpendingName, "always-valid"]
    alpha: float
    power: float
    futility: SpendingName | None
    harm_alpha: float
    cap: float
    first_reader: str
    owner: str
    reason: str


@dataclass(frozen=True)
class Planning:
    """What is assumed before there are data, all of it [A]; ``trial plan`` reckons with it.

    Shares from 0 to 1: ``consent`` of the eligible women, ``answered`` of the women drawn at the primary outcome.
    ``correlation`` of the scale at the start with the primary scale; ``difference`` in standard deviations is the
    least that is worth finding, ``risk`` and ``lower_risk`` the same for an event. The prior is normal, on the
    difference. ``within_years`` is how long drawing may take.
    """

    consent: float
    answered: float
    correlation: float
    difference: float
    risk: float
    lower_risk: float
    prior_mean: float
    prior_sd: float
    within_years: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Costs:
    """What the offer costs for each woman and what a placement costs a year, in euros, each with where it comes from.

    ``price_year`` is the year of the prices, 0 for not stated; ``placement_years`` how long a placement lasts, and
    ``discount_rate`` by how much a later year counts for less. ``support_hour`` is the price of an hour of support and
    ``place_day`` that of a day in a house for mother and child, 0 for not stated; each goes with its source.
    """

    offer_per_woman: float
    offer_source: str
    placement: float
    placement_source: str
    owner: str
    reason: str
    price_year: int = 0
    placement_years: float = 1.0
    discount_rate: float = 0.0
    support_hour: float = 0.0
    support_hour_source: str = ""
    place_day: float = 0.0
    place_day_source: str = ""


@dataclass(frozen=True, kw_only=True)
class Letters:
    """What women and practices read, and the municipality's house style.

    ``logo`` is a PNG or JPEG in the workspace's folder ``huisstijl``, or empty; ``colour`` is that of titles.
    ``supporter`` says who the trusted person is; ``complaints`` where a complaint goes. Mothers fear authorities:
    the invitation bears the house style only with ``house_style_on_invitation``, and says that it is not about
    supervision only with ``not_supervision``, and while no list goes to who supervises.
    """

    logo: str = ""
    colour: str = "#000000"
    house_style_on_invitation: bool = False
    supporter: str
    complaints: str
    not_supervision: bool = False
    owner: str
    reason: str


_DEFAULT: Final = ("smartstart", "default of smartstart: state your own in programme.yaml")
LEAST_LOOK: Final = 30  # percent of the information: below it a comparison costs trust and gives nothing (DOMAIN 2)
MONITORING: Final = Monitoring("lan-demets-obf", 0.025, 0.8, None, 0.05, 1.5, "onafhankelijk statisticus", *_DEFAULT)
PLANNING: Final = Planning(0.6, 0.8, 0.5, 0.3, 0.01, 0.005, 0.2, 0.15, 3, *_DEFAULT)


@dataclass(frozen=True)
class Programme:
    """Everything a municipality decides.

    ``engine`` is where the register is built: on this machine, or on Spark, by way of ``spark_folder``.
    """

    programme: str
    municipality: Municipality
    contact: ContactPoint
    mandate: Mandate
    sources: dict[str, dict[str, str]]
    instruments: tuple[str, ...]
    eligibility: Eligibility
    consent: Consent
    score: Score | None  # written as `score: none` where there is no legal ground for one
    trial: Trial
    lists: Lists
    questionnaires: Questionnaires
    outcome: Outcome
    retention: Retention
    model: Model | None = None  # without one, `smartstart model` has nothing to learn
    analysis: Analysis | None = None  # without one, no plan of the analysis can be locked
    monitoring: Monitoring = MONITORING
    planning: Planning = PLANNING
    costs: Costs | None = None  # without prices, the report reckons none
    letters: Letters | None = None  # without it, lists are plain and no letter is written
    reading_copy: ReadingCopy = ReadingCopy()
    engine: Literal["duckdb", "spark"] = "duckdb"
    spark_folder: str = ""


@dataclass(frozen=True)
class Item:
    """One item of an instrument: an answer from ``minimum`` to ``maximum``, perhaps reversed."""

    item: str
    dimension: str
    minimum: int
    maximum: int
    reversed: bool


@dataclass(frozen=True)
class ImportantDifference:
    """The least difference in points that matters to the women themselves, and where that is shown."""

    points: float
    source: str


TOTAL: Final = "total"  # the dimension of all items


@dataclass(frozen=True)
class Instrument:
    """A questionnaire scale: a dimension is the mean of its answered items if ``share_answered`` of them are.

    ``least_answered`` is that number for the dimensions that have their own. With ``total`` there is a total as well,
    when all dimensions are scored. ``caution`` is what a reader of its scores has to know. ``important_difference``
    is by dimension, the total among them.
    """

    instrument: str
    title: str
    items: tuple[Item, ...]
    share_answered: float
    least_answered: dict[str, int] = field(default_factory=dict)
    total: Literal["all_dimensions", "none"] = "none"
    caution: str = ""
    important_difference: dict[str, ImportantDifference] = field(default_factory=dict)

    @property
    def dimensions(self) -> dict[str, tuple[Item, ...]]:
        """Return the items by dimension, in the order of the definition."""
        names = dict.fromkeys(item.dimension for item in self.items)
        return {name: tuple(item for item in self.items if item.dimension == name) for name in names}

    def least(self, dimension: str) -> int:
        """Return how many of a dimension's items must be answered: its own number, or the share rounded up."""
        share = ceil(Fraction(str(self.share_answered)) * len(self.dimensions[dimension]))
        return self.least_answered.get(dimension, max(share, 1))


def programme_file(name: str) -> Path:
    """Return the file of a shipped programme by its name, or of a YAML file of one's own. Raises UsageError."""
    shipped_ones = {path.stem: path for path in sorted((shipped("configs") / "programmes").glob("*.yaml"))}
    if name in shipped_ones:
        return shipped_ones[name]
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return Path(name)
    hint = nearest(name, list(shipped_ones))
    raise UsageError(
        f"--programme: '{name}' is unknown{hint}; there are {', '.join(shipped_ones)}, or name a YAML file."
    )


def load_programme(path: Path) -> Programme:
    """Read a programme file. Raises UsageError that names the key and its place."""
    programme: Programme = _load(path, Programme)
    _judge(programme, path.name)
    return programme


_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def load_instrument(path: Path) -> Instrument:
    """Read the definition of an instrument. Raises UsageError."""
    instrument: Instrument = _load(path, Instrument)
    _judge_instrument(instrument, path.name)
    return instrument


def _load(path: Path, kind: type) -> Any:
    return as_record(read_yaml(path), kind, path.name)


def as_record(raw: Any, kind: Any, place: str) -> Any:
    """Turn what YAML gave into ``kind`` (a frozen dataclass, tuple, dict, literal or plain type), or refuse it."""
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _as_dataclass(raw, kind, place)
    if origin is Literal:
        if raw not in parts or isinstance(raw, bool):
            raise UsageError(
                f"{place}: must be one of {', '.join(map(str, parts))}{nearest(str(raw), [*map(str, parts)])}."
            )
        return raw
    if origin in {UnionType, Union}:  # the only one there is: something, or the word none
        return None if raw == "none" else as_record(raw, parts[0], place)
    if origin is tuple:
        if not isinstance(raw, list):
            raise UsageError(f"{place}: must be a list.")
        return tuple(as_record(item, parts[0], f"{place}[{i}]") for i, item in enumerate(raw))
    if origin is dict:
        if not isinstance(raw, dict):
            raise UsageError(f"{place}: must be a mapping of keys to values.")
        return {as_record(k, parts[0], place): as_record(v, parts[1], f"{place}.{k}") for k, v in raw.items()}
    if kind is float and type(raw) is int and abs(raw) < 2**53:
        return float(raw)
    if type(raw) is not kind or (kind is float and not isfinite(raw)):
        words = {str: "text (in quotes)", int: "a whole number", bool: "true or false", float: "a number"}
        raise UsageError(f"{place}: must be {words[kind]}.")
    return raw


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of a record's keys, worked out once: that takes longer than reading the file."""
    return get_type_hints(kind)


def _as_dataclass(raw: Any, kind: Any, place: str) -> Any:
    if not isinstance(raw, dict):
        raise UsageError(f"{place}: must be a mapping of keys to values.")
    hints = _hints(kind)
    for key in raw:
        if key not in hints:
            raise UsageError(f"{place}: unknown key '{key}'{nearest(str(key), list(hints))}.")
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    for key in hints:
        if key not in raw and key in needed:
            raise UsageError(f"{place}: the key '{key}' is missing.")
    return kind(**{key: as_record(value, hints[key], f"{place}, {key}") for key, value in raw.items()})


def _judge(programme: Programme, place: str) -> None:
    """Hold numbers against what they can mean; each refusal names the key."""
    code = programme.municipality.code
    _must(
        len(code) == 4 and code.isascii() and code.isdigit(),
        f"{place}, municipality, code: must be four digits in quotes",
    )
    _must(
        programme.engine != "spark" or Path(programme.spark_folder).is_absolute(),
        f"{place}, spark_folder: engine spark needs the full path of a folder, on encrypted storage",
    )
    e, s, li, o = programme.eligibility, programme.score, programme.lists, programme.outcome
    _must(12 <= e.max_age <= 60, f"{place}, eligibility, max_age: must lie from 12 to 60 years")
    _must(0 <= e.min_week <= e.max_week <= 42, f"{place}, eligibility: weeks must rise within 0 to 42")
    _judge_consent(programme.consent, f"{place}, consent")
    if s is not None:
        _must(12 <= s.young_mother_age <= 60, f"{place}, score, young_mother_age: must lie from 12 to 60 years")
        _must(1 <= s.band_from <= 4, f"{place}, score, band_from: must lie from 1 to 4 factors")
        _judge_bands(s, f"{place}, score", has_model=programme.model is not None)
    _must(0 <= li.status_max_age_days <= 31, f"{place}, lists, status_max_age_days: must lie from 0 to 31 days")
    q = programme.questionnaires
    for name, wave in (("tussenmeting", q.tussenmeting), ("eindmeting", q.eindmeting)):
        _must(0 < wave.months <= 60, f"{place}, questionnaires, {name}, months: must lie from 1 to 60 months")
        _must(
            -365 <= wave.from_days <= wave.until_days <= 365,
            f"{place}, questionnaires, {name}: days must rise within -365 to 365",
        )
        _must(
            -365 <= wave.counts[0] <= wave.counts[1] <= 365,
            f"{place}, questionnaires, {name}: counts_from_days and counts_until_days must rise within -365 to 365",
        )
    months = o.horizons_months
    _must(bool(months) and min(months) > 0, f"{place}, outcome, horizons_months: must be positive months")
    if programme.model is not None:
        _judge_model(programme, f"{place}, model")
    for days in ("quarantine_days", "access_days", "backup_days"):
        _must(getattr(programme.retention, days) > 0, f"{place}, retention, {days}: must be positive")
    _judge_trial(programme.trial, f"{place}, trial")
    if programme.analysis is not None:
        _judge_analysis(programme, programme.analysis, f"{place}, analysis")
    _judge_monitoring(programme.monitoring, f"{place}, monitoring")
    _judge_planning(programme.planning, f"{place}, planning")
    if programme.costs is not None:
        _judge_costs(programme.costs, f"{place}, costs")
    if programme.letters is not None:
        _judge_letters(programme.letters, f"{place}, letters")
    sections = (s, programme.model, programme.analysis, programme.costs, programme.letters)
    optional = [section for section in sections if section is not None]
    owned: list[Any] = [e, programme.consent, *optional, programme.trial, li, q, o, programme.retention]
    owned += [programme.monitoring, programme.planning]
    for section in owned:
        name = type(section).__name__.lower()
        _must(
            bool(section.owner.strip() and section.reason.strip()),
            f"{place}, {name}: owner and reason must be given",
        )


def _judge_instrument(i: Instrument, place: str) -> None:
    names = [item.item for item in i.items]
    _must(bool(names) and len(set(names)) == len(names), f"{place}, items: each is named once, and one at least")
    for name in (i.instrument, *names, *i.dimensions):  # they become names of columns and of tables' keys
        _must(
            bool(_PLAIN_NAME.fullmatch(name)),
            f"{place}: names of an instrument, its items and dimensions begin with a small letter, and have small "
            "letters, digits and _ only, 63 at most",
        )
    _must(all(item.minimum < item.maximum for item in i.items), f"{place}, items: minimum must lie below maximum")
    _must(0 <= i.share_answered <= 1, f"{place}, share_answered: must lie from 0 to 1")
    _must(TOTAL not in i.dimensions, f"{place}, items: '{TOTAL}' is the name of the dimension of all items")
    for dimension, number in i.least_answered.items():
        _must(dimension in i.dimensions, f"{place}, least_answered: '{dimension}' is no dimension of the items")
        most = len(i.dimensions[dimension])
        _must(1 <= number <= most, f"{place}, least_answered, {dimension}: must lie from 1 to {most} items")
    alike = len({(item.minimum, item.maximum) for item in i.items}) == 1
    _must(i.total == "none" or alike, f"{place}, total: the items have different ranges, so that they have no total")
    known = [*i.dimensions, *([TOTAL] if i.total != "none" else [])]
    for dimension, difference in i.important_difference.items():
        _must(dimension in known, f"{place}, important_difference: '{dimension}' is no dimension that is scored")
        _must(
            difference.points > 0 and bool(difference.source.strip()),
            f"{place}, important_difference, {dimension}: points must lie above 0, with their source",
        )


def _judge_bands(s: Score, place: str, *, has_model: bool) -> None:
    by_model = s.kind == "model"
    _must(
        bool(re.fullmatch("[0-9a-f]{64}", s.model)) if by_model else not s.model,
        f"{place}, model: with kind model it is the checksum that 'model approve' printed, and else left out",
    )
    _must(not by_model or has_model, f"{place}, kind: a model needs the section 'model', which says what it looks at")
    _must(by_model == bool(s.risk_bands), f"{place}, risk_bands: must be given with kind model, and only then")
    _must(_risks_rise(s.risk_bands), f"{place}, risk_bands: must be risks that rise between 0 and 1")


def _judge_model(programme: Programme, place: str) -> None:
    m = programme.model
    _must(m is None or programme.score is not None, f"{place}: without a score there is no ground for a model")
    if m is None:
        return
    _must(m.horizon_months > 0, f"{place}, horizon_months: must be positive months")
    _must(
        len(set(m.predictors)) == len(m.predictors) >= 1, f"{place}, predictors: each is named once, and one at least"
    )
    for name in m.missing_alike:
        _must(name in m.predictors, f"{place}, missing_alike: '{name}' is not among the predictors")
    _must(
        bool(m.thresholds) and _risks_rise(m.thresholds),
        f"{place}, thresholds: must be risks that rise between 0 and 1",
    )


def _risks_rise(risks: tuple[float, ...]) -> bool:
    return all(before < after < 1 for before, after in pairwise((0.0, *risks)))


def _judge_analysis(programme: Programme, a: Analysis, place: str) -> None:
    _must(0 <= a.exact_below <= a.few_below, f"{place}: exact_below and few_below must rise from 0")
    _must(a.sparse_stratum >= 0, f"{place}, sparse_stratum: must be 0 women or more")
    _must(2 <= a.imputations <= 1000, f"{place}, imputations: must lie from 2 to 1000")
    _must(100 <= a.rerandomisations <= 1_000_000, f"{place}, rerandomisations: must lie from 100 to 1000000")
    by_model = programme.score is not None and programme.score.kind == "model"
    _must(
        "prognostic_score" not in a.covariates or by_model,
        f"{place}, covariates: a prognostic_score needs 'score: kind: model', or leave it out",
    )
    for o in programme.trial.outcomes:
        _must(
            o.kind == "scale" or o.outcome in EVENT_OUTCOMES,
            f"{place[: -len(', analysis')]}, trial, outcomes: an event is one of {', '.join(EVENT_OUTCOMES)}",
        )
        known = [str(month) for month in programme.outcome.horizons_months] if o.kind == "event" else WAVES
        _must(
            o.at in known,
            f"{place[: -len(', analysis')]}, trial, outcomes, {o.outcome}, at: must be one of {', '.join(known)}",
        )


def _judge_monitoring(m: Monitoring, place: str) -> None:
    _must(0 < m.alpha < 0.5, f"{place}, alpha: must lie between 0 and 0.5; it is one-sided")
    _must(0 < m.harm_alpha < 0.5, f"{place}, harm_alpha: must lie between 0 and 0.5; it is one-sided")
    _must(m.alpha < m.power < 1, f"{place}, power: must lie between alpha and 1")
    _must(1 <= m.cap <= 10, f"{place}, cap: must lie from 1 to 10 times the planned information")
    _must(bool(m.first_reader.strip()), f"{place}, first_reader: name the function of an independent person")


def _judge_costs(costs: Costs, place: str) -> None:
    for name in ("offer_per_woman", "placement"):
        _must(0 < getattr(costs, name) < 1e9, f"{place}, {name}: must be an amount in euros above 0")
    _must(costs.price_year == 0 or 1990 <= costs.price_year <= 2100, f"{place}, price_year: must be a year, or 0")
    _must(0 < costs.placement_years <= 18, f"{place}, placement_years: must lie above 0, up to 18 years")
    _must(0 <= costs.discount_rate <= 0.2, f"{place}, discount_rate: must lie from 0 to 0.2 a year")
    for name in ("support_hour", "place_day"):
        _must(0 <= getattr(costs, name) < 1e5, f"{place}, {name}: must be an amount in euros, or 0 for not stated")
    stated = {
        "offer": True,
        "placement": True,
        "support_hour": costs.support_hour > 0,
        "place_day": costs.place_day > 0,
    }
    for name, must_have in stated.items():
        said = bool(getattr(costs, f"{name}_source").strip())
        _must(said or not must_have, f"{place}, {name}_source: must say where the amount comes from")


def _judge_letters(letters: Letters, place: str) -> None:
    _must(
        not letters.logo or bool(re.fullmatch(r"[\w-][\w .-]*\.(png|jpg|jpeg)", letters.logo, re.IGNORECASE)),
        f"{place}, logo: must be the name of a PNG or JPEG in the folder huisstijl, such as logo.png",
    )
    colour = re.fullmatch("#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})", letters.colour)
    _must(colour is not None, f'{place}, colour: must be a colour in quotes, such as "#154273"')
    if colour is not None:
        contrast = _contrast_with_white([int(part, 16) / 255 for part in colour.groups()])
        _must(contrast >= 4.5, f"{place}, colour: is too light to be read on white paper; take a darker one")
    for name in ("supporter", "complaints"):
        _must(bool(getattr(letters, name).strip()), f"{place}, {name}: must be given")


def _contrast_with_white(rgb: list[float]) -> float:
    """Return the contrast ratio with white, from 1 to 21, of sRGB parts from 0 to 1 (WCAG 2.1, 1.4.3)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


def _judge_planning(p: Planning, place: str) -> None:
    for name, share in (("consent", p.consent), ("answered", p.answered)):
        _must(0 < share <= 1, f"{place}, {name}: must be a share above 0, up to 1")
    _must(0 <= p.correlation < 1, f"{place}, correlation: must lie from 0 up to, not including, 1")
    _must(p.difference > 0, f"{place}, difference: must lie above 0 standard deviations")
    _must(0 <= p.lower_risk < p.risk < 1, f"{place}, lower_risk and risk: must rise from 0 to below 1")
    _must(p.prior_sd > 0, f"{place}, prior_sd: must lie above 0")
    _must(1 <= p.within_years <= 50, f"{place}, within_years: must lie from 1 to 50 years")


def _judge_consent(c: Consent, place: str) -> None:
    _must(
        c.model == "before_draw" or bool(c.ruling.strip()),
        f"{place}, model: '{c.model}' needs the number of its ruling in 'ruling', or take before_draw",
    )
    _must(all(version.strip() for version in c.versions), f"{place}, versions: none of them may be empty")
    _must(1 <= c.linkage_years <= 25, f"{place}, linkage_years: must lie from 1 to 25 years")
    _must(
        10 <= c.youngest <= c.own_consent_from <= 18,
        f"{place}: youngest and own_consent_from must rise within 10 to 18",
    )


def _judge_trial(t: Trial, place: str) -> None:
    _must(t.expected_per_year > 0, f"{place}, expected_per_year: must be positive")
    _must(t.capacity_per_month is None or t.capacity_per_month > 0, f"{place}, capacity_per_month: must be positive")
    _must(
        t.arms[:1] == ("offer",),
        f"{place}, arms: the first must be offer, which everyone gets once the trial is closed",
    )
    rising = all(before < after for before, after in pairwise((0, *t.looks)))
    _must(bool(t.looks) and rising and t.looks[-1] == 100, f"{place}, looks: must rise and end at 100 percent")
    _must(
        t.looks[0] >= LEAST_LOOK,
        f"{place}, looks: none may come before {LEAST_LOOK} percent, so early it gives nothing",
    )
    _must(sum(o.primary for o in t.outcomes) == 1, f"{place}, outcomes: one of them must be primary")
    try:
        date.fromisoformat(t.start)
    except ValueError:
        raise UsageError(f'{place}, start: must be a day that exists, such as "2027-01-01".') from None


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise UsageError(f"{otherwise}.")
