"""Whether the women of today are still like those the model learned from, and whether its risks come true so far.

With 16 women a quarter a population stability index (PSI) above 0.1 is nearly always chance. So its thresholds count
only from ``ENOUGH_WOMEN`` on, cumulated over quarters; below that an alarm must be unlikely by chance at that number
of women, over all predictors together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from smartstart.errors import UsageError
from smartstart.numbers import percent
from smartstart.small_numbers import MINIMUM

ENOUGH_WOMEN: Final = 200  # the mean PSI of chance alone is then about 0.02 with five bins, well under LOOK
LOOK, ACT = 0.1, 0.25  # the usual limits of the PSI in credit scoring (Siddiqi 2006): a small and a large shift
MISSING_LOOK, MISSING_ACT = 0.05, 0.20  # change in the share without an answer; a fifth is another way of asking
FALSE_ALARMS: Final = 0.05  # the chance of any alarm about inputs in a quarter in which nothing changed
ENOUGH_CHILDREN: Final = 10  # expected and observed: below it an observed/expected ratio says nothing
OE_ACT: Final = (0.8, 1.25)  # an interval wholly outside these: the model is wrong by a fifth or more
BINS: Final = 5  # of a number; fewer bins, less noise
MOST_VALUES: Final = 8  # a number with more different values than this is cut into bins
OTHER: Final = "other"
DRAWS: Final = 2000  # resampled quarters behind a chance; the smallest chance is then 1 in 2001
ADDED: Final = 0.5  # added to every count, so that no bin is empty (Jeffreys)

Level = Literal["", "look", "act"]

_CHECK_SOURCE = "ask who delivers the questionnaire whether a question, a code or a practice changed"
_ACTIONS: Final[dict[tuple[str, str], str]] = {
    ("input", "look"): f"Look at this predictor: {_CHECK_SOURCE}; keep using the model meanwhile.",
    ("input", "act"): (
        f"Act: {_CHECK_SOURCE}; if the women themselves changed, run `model adapt`, or train and approve again, "
        "before the next use."
    ),
    ("missing", "look"): f"Look at how this is asked: {_CHECK_SOURCE}.",
    ("missing", "act"): (
        f"Act: {_CHECK_SOURCE}; until that is mended, read every risk with how many of its factors were known."
    ),
    ("calibration", "look"): (
        "Look at the calibration by group in `model evaluate`, and run `model adapt` if it holds in most groups."
    ),
    ("calibration", "act"): (
        "Act: stop showing these risks, run `model adapt` or train again, and have the model approved anew."
    ),
}


@dataclass(frozen=True)
class PredictorReference:
    """How one predictor was spread over the women the model learned from; no person is in it.

    ``edges`` are the inner borders of the bins of a number (a value on a border falls in the upper bin), empty for
    named values. ``values`` names the bins of a predictor with few values; all others fall in its last, ``other``.
    ``shares`` are of the ``known`` answers, one per bin; ``missing`` is the share of all women without an answer.
    """

    name: str
    edges: tuple[float, ...]
    values: tuple[str, ...]
    shares: tuple[float, ...]
    known: int
    missing: float

    @property
    def women(self) -> int:
        """Return how many women there were, with or without an answer."""
        return round(self.known / (1 - self.missing)) if self.missing < 1 else self.known


@dataclass(frozen=True)
class Reference:
    """What new women are held against: one entry per predictor."""

    women: int
    predictors: tuple[PredictorReference, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {"women": self.women, "predictors": [asdict(one) for one in self.predictors]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Reference:
        """Read what ``as_dict`` gave, also after a way through JSON."""
        return cls(
            int(plain["women"]),
            tuple(
                PredictorReference(
                    str(one["name"]),
                    tuple(one["edges"]),
                    tuple(one["values"]),
                    tuple(one["shares"]),
                    int(one["known"]),
                    float(one["missing"]),
                )
                for one in plain["predictors"]
            ),
        )


@dataclass(frozen=True)
class Quarter:
    """The women of one quarter: ``columns`` holds a value per woman under each predictor's name, None for missing."""

    label: str
    columns: Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Followed:
    """Children whose outcome is known at the horizon: how many, how many events, and the sum of their risks."""

    children: int
    observed: int
    expected: float


@dataclass(frozen=True)
class Alarm:
    """Something to do. ``kind``: input, missing or calibration; ``about``: the predictor; ``level``: look or act."""

    kind: str
    about: str
    level: Level
    finding: str
    action: str


@dataclass(frozen=True)
class PredictorDrift:
    """One predictor now. Chances are of a value at least as far off if nothing changed, corrected for all tests.

    ``psi`` and ``chance`` are None when nobody answered; ``level`` and ``missing_level`` are empty without an alarm.
    """

    name: str
    known: int
    psi: float | None
    chance: float | None
    level: Level
    missing: float
    missing_reference: float
    missing_chance: float
    missing_level: Level


@dataclass(frozen=True)
class CalibrationSoFar:
    """Observed against expected events, once enough children reached the horizon.

    ``verdict``: ``not_known_yet`` (no child is that old), ``insufficient``, or ``sufficient``. Numbers are None unless
    sufficient.
    """

    verdict: str
    words: str
    observed: int | None = None
    expected: float | None = None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Monitoring:
    """What one quarter's monitoring found. ``by`` is ``thresholds`` from ENOUGH_WOMEN women on, else ``chance``."""

    quarters: tuple[str, ...]
    women: int
    by: str
    predictors: tuple[PredictorDrift, ...]
    calibration: CalibrationSoFar
    alarms: tuple[Alarm, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "quarters": list(self.quarters),
            "women": self.women,
            "by": self.by,
            "predictors": [asdict(one) for one in self.predictors],
            "calibration": asdict(self.calibration),
            "alarms": [asdict(alarm) for alarm in self.alarms],
        }


def reference_of(columns: Mapping[str, Sequence[object]]) -> Reference:
    """Return the summary to keep of the women a model learned from: a value per woman under each predictor's name."""
    return Reference(
        max((len(column) for column in columns.values()), default=0),
        tuple(_predictor_of(name, column) for name, column in columns.items()),
    )


def monitor(
    reference: Reference,
    quarters: Sequence[Quarter],
    generator: np.random.Generator,
    followed: Followed | None = None,
    draws: int = DRAWS,
) -> Monitoring:
    """Hold the newest women against the reference and say what to do about each difference that is not chance.

    ``quarters`` go from old to new; of these the newest are taken together until there are ENOUGH_WOMEN. All tests of
    predictors and of their missingness share FALSE_ALARMS (Holm 1979). Calibration keeps its own 95 % interval, and is
    not known before the first children reach the horizon: leave ``followed`` out until then.
    """
    window = _window(quarters)
    women = sum(_women_of(quarter) for quarter in window)
    pooled = {one.name: _pooled(one.name, window) for one in reference.predictors}
    seen = [_inputs(one, pooled[one.name], generator, draws) for one in reference.predictors] if women else []
    gaps = [_missingness(one, pooled[one.name]) for one in reference.predictors] if women else []
    chances = holm([chance for *_, chance in seen] + [chance for *_, chance in gaps])
    many = women >= ENOUGH_WOMEN
    predictors = []
    for one, (known, psi_now, _), (missing, _), chance, gap_chance in zip(
        reference.predictors if women else (), seen, gaps, chances[: len(seen)], chances[len(seen) :], strict=True
    ):
        predictors.append(
            PredictorDrift(
                one.name,
                known,
                psi_now if known else None,
                chance if known else None,
                _level(psi_now, chance, (LOOK, ACT), many=many) if known else "",
                missing,
                one.missing,
                gap_chance,
                _level(abs(missing - one.missing), gap_chance, (MISSING_LOOK, MISSING_ACT), many=many),
            )
        )
    calibration, level = _calibration(followed)
    alarms = [alarm for one in predictors for alarm in _alarms_of(one, women, many=many)]
    if level:
        alarms.append(
            Alarm("calibration", "observed/expected", level, calibration.words, _ACTIONS["calibration", level])
        )
    return Monitoring(
        tuple(quarter.label for quarter in window),
        women,
        "thresholds" if many else "chance",
        tuple(predictors),
        calibration,
        tuple(alarms),
    )


def psi(reference: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Return the population stability index of counts against reference counts, bins along the last axis.

    PSI = sum over bins of (q - p) ln(q / p) (Siddiqi 2006; Jeffreys' divergence), with half a woman added to each bin.
    """
    p = _shares(np.asarray(reference, dtype=float))
    q = _shares(np.asarray(now, dtype=float))
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def chance_of_psi(counts: np.ndarray, now: np.ndarray, generator: np.random.Generator, draws: int = DRAWS) -> float:
    """Return the chance of a PSI at least as large if the women of now came from the reference's distribution.

    Quarters of the same size are resampled from the reference, itself drawn anew each time (Dirichlet), so that a
    small reference does not look surer than it is. (b + 1) / (m + 1) is never nought (Phipson and Smyth 2010).
    """
    shares = generator.dirichlet(counts + ADDED, size=draws)
    resampled = generator.multinomial(int(now.sum()), shares)
    return float((1 + np.count_nonzero(psi(counts, resampled) >= psi(counts, now) - 1e-12)) / (draws + 1))


def holm(chances: Sequence[float]) -> list[float]:
    """Return chances corrected so that any alarm among them is at most as likely as the limit (Holm 1979)."""
    corrected = [0.0] * len(chances)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = least
    return corrected


def observed_expected(observed: int, expected: float) -> tuple[float, float, float]:
    """Return observed/expected with its exact 95 % Poisson interval (Garwood 1936)."""
    from scipy.stats import chi2

    lower = float(chi2.ppf(0.025, 2 * observed)) / 2 if observed else 0.0
    return observed / expected, lower / expected, float(chi2.ppf(0.975, 2 * observed + 2)) / 2 / expected


def _shares(counts: np.ndarray) -> np.ndarray:
    filled = counts + ADDED
    return np.asarray(filled / filled.sum(axis=-1, keepdims=True))


def _level(size: float, chance: float, limits: tuple[float, float], *, many: bool) -> Level:
    """Return the level of an alarm; with few women a size is not to be trusted, so that "look" is all it can say."""
    if chance > FALSE_ALARMS:
        return ""
    if not many:
        return "look"
    return "act" if size > limits[1] else "look" if size > limits[0] else ""


def _window(quarters: Sequence[Quarter]) -> list[Quarter]:
    window: list[Quarter] = []
    for quarter in reversed(quarters):
        if sum(_women_of(one) for one in window) >= ENOUGH_WOMEN:
            break
        window.insert(0, quarter)
    return window


def _women_of(quarter: Quarter) -> int:
    return max((len(column) for column in quarter.columns.values()), default=0)


def _pooled(name: str, window: Sequence[Quarter]) -> list[object]:
    for quarter in window:
        if name not in quarter.columns:
            raise UsageError(
                f"Quarter {quarter.label} has no column for the model's predictor '{name}': give it, empty where "
                "nobody was asked."
            )
    return [value for quarter in window for value in quarter.columns[name]]


def _inputs(
    one: PredictorReference, values: Sequence[object], generator: np.random.Generator, draws: int
) -> tuple[int, float, float]:
    known = [value for value in values if not _is_missing(value)]
    if not known:
        return 0, 0.0, 1.0
    now, before = _counted(one, known), np.asarray(one.shares) * one.known
    return len(known), float(psi(before, now)), chance_of_psi(before, now, generator, draws)


def _missingness(one: PredictorReference, values: Sequence[object]) -> tuple[float, float]:
    """Return the share without an answer now, and the chance of such a difference (Fisher's exact test)."""
    from scipy.stats import fisher_exact

    missing = sum(_is_missing(value) for value in values)
    before = one.women - one.known
    table = [[missing, len(values) - missing], [before, one.known]]
    return missing / len(values), min(1.0, float(fisher_exact(table).pvalue))


def _calibration(followed: Followed | None) -> tuple[CalibrationSoFar, Level]:
    if followed is None or followed.children == 0:
        words = "Not known yet: no child of a woman with a risk has reached the horizon."
        return CalibrationSoFar("not_known_yet", words), ""
    if followed.expected < ENOUGH_CHILDREN or followed.observed < ENOUGH_CHILDREN:
        words = f"Too few to tell: it takes {ENOUGH_CHILDREN} expected and {ENOUGH_CHILDREN} observed placements."
        return CalibrationSoFar("insufficient", words), ""
    ratio, lower, upper = observed_expected(followed.observed, followed.expected)
    level: Level = ""
    if lower > 1 or upper < 1:
        level = "act" if lower > OE_ACT[1] or upper < OE_ACT[0] else "look"
    words = f"Observed against expected placements so far: {ratio:.2f} (95 % interval {lower:.2f} to {upper:.2f}); " + (
        "more than chance explains." if level else "no more than chance explains."
    )
    return CalibrationSoFar("sufficient", words, followed.observed, followed.expected, ratio, lower, upper), level


def _alarms_of(one: PredictorDrift, women: int, *, many: bool) -> list[Alarm]:
    alarms = []
    if one.level:
        assert one.psi is not None  # noqa: S101 - a level comes with an index
        assert one.chance is not None  # noqa: S101 - and with its chance
        why = "" if many else f", which chance alone gives {women} women with probability {one.chance:.3f} at most"
        finding = f"The answers shifted: PSI {one.psi:.2f}{why}."
        alarms.append(Alarm("input", one.name, one.level, finding, _ACTIONS["input", one.level]))
    if one.missing_level:
        finding = f"Without an answer: {percent(one.missing)}, was {percent(one.missing_reference)}."
        alarms.append(Alarm("missing", one.name, one.missing_level, finding, _ACTIONS["missing", one.missing_level]))
    return alarms


def _predictor_of(name: str, column: Sequence[object]) -> PredictorReference:
    known = [value for value in column if not _is_missing(value)]
    missing = round(1 - len(known) / len(column), 6) if column is not None and len(column) else 0.0
    edges = _edges(known)
    values = () if edges else _named_values(known)
    bare = PredictorReference(name, edges, values, (), len(known), missing)
    counts = _counted(bare, known)
    shares = tuple(round(float(share), 6) for share in counts / max(len(known), 1))
    return PredictorReference(name, edges, values, shares, len(known), missing)


def _edges(known: Sequence[object]) -> tuple[float, ...]:
    """Return the inner borders of BINS about equal bins of a number with many values.

    Each has MINIMUM women or more: a smaller one could point to a person, and is put with its neighbour.
    """
    if any(isinstance(value, str) for value in known):
        return ()
    numbers = np.sort(np.asarray(known, dtype=float))
    if len(np.unique(numbers)) <= MOST_VALUES:
        return ()
    edges: list[float] = []
    low = 0
    for edge in np.unique(np.quantile(numbers, np.arange(1, BINS) / BINS, method="higher")):
        place = int(np.searchsorted(numbers, edge, side="left"))
        if place - low >= MINIMUM and len(numbers) - place >= MINIMUM:
            edges.append(float(edge))
            low = place
    return tuple(edges)


def _named_values(known: Sequence[object]) -> tuple[str, ...]:
    times = Counter(_word(value) for value in known)
    return (*sorted(value for value, n in times.items() if n >= MINIMUM and value != OTHER), OTHER)


def _counted(one: PredictorReference, known: Iterable[object]) -> np.ndarray:
    """Return how many values fall in each bin, in the order of the shares."""
    if one.edges:
        numbers = np.asarray(list(known), dtype=float)
        return np.bincount(np.searchsorted(one.edges, numbers, side="right"), minlength=len(one.edges) + 1)
    times = Counter(_word(value) for value in known)
    named = [times.pop(value, 0) for value in one.values[:-1]]
    return np.asarray([*named, sum(times.values())])


def _word(value: object) -> str:
    """Return a value's name: yes, 1 and 1.0 are one value, whatever type a column came in."""
    return value if isinstance(value, str) else f"{float(value):g}"  # type: ignore[arg-type]


def _is_missing(value: object) -> bool:
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or bool(value != value)  # noqa: PLR0124 - NaN
