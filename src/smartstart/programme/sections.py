"""What a municipality decides, section by section: the keys of ``programme.yaml``, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Final, Literal


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
    start: date
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
# in percent of the information: below it a comparison costs trust and gives nothing (docs/reference/looks.md)
LEAST_LOOK: Final = 30
MONITORING: Final = Monitoring("lan-demets-obf", 0.025, 0.8, None, 0.05, 1.5, "onafhankelijk statisticus", *_DEFAULT)
PLANNING: Final = Planning(0.6, 0.8, 0.5, 0.3, 0.01, 0.005, 0.2, 0.15, 3, *_DEFAULT)


@dataclass(frozen=True)
class Programme:
    """Everything a municipality decides.

    ``sources`` names, for each file, the municipality's own headers and the contract's header that each stands for.
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
