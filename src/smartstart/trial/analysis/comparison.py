"""The result of one comparison, as one record: what a person reads and what a program gets as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartstart.trial.analysis.records import Bools, Estimate, Significance, plain

if TYPE_CHECKING:
    from smartstart.trial.analysis.estimands import Estimand
    from smartstart.trial.analysis.missing import BestAndWorst
    from smartstart.trial.analysis.needed import Needed
    from smartstart.trial.analysis.rerandomisation import Randomised
    from smartstart.trial.analysis.survival import Curve


@dataclass(frozen=True)
class Arms:
    """A number of each arm."""

    treated: int
    control: int

    @classmethod
    def of(cls, chosen: Bools) -> Arms:
        """Count some persons; ``chosen`` tells of each whether she is treated."""
        return cls(int(chosen.sum()), int((~chosen).sum()))

    def as_dict(self) -> dict[str, int]:
        """Return plain JSON values."""
        return {"treated": self.treated, "control": self.control}


@dataclass(frozen=True)
class Measure:
    """A measure of effect: as the arms differ, and adjusted for what the plan names (None: nothing to adjust for)."""

    unadjusted: Estimate
    adjusted: Estimate | None = None

    @property
    def main(self) -> Estimate:
        """Return the adjusted estimate where there is one, else the unadjusted one."""
        return self.adjusted or self.unadjusted

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values: the unadjusted estimate, with the adjusted one in it."""
        return {**self.unadjusted.as_dict(), "adjusted": self.adjusted.as_dict() if self.adjusted else None}


@dataclass(frozen=True)
class Effects:
    """What the arms differ by: measures by name, the test of the main analysis, and that of the unadjusted one.

    ``level_of_arm`` is the risk or the mean of each arm, with its interval, treated first. ``variance_saved`` is the
    share of the unadjusted estimate's variance that adjustment saved; it can be negative. ``missing_bounds`` are
    what the difference could be at most, whatever those had of whom the outcome is not known.
    """

    measures: dict[str, Measure]
    significance: Significance
    unadjusted: Significance
    level_of_arm: tuple[Estimate, Estimate] | None = None
    needed: Needed | None = None
    variance_saved: float | None = None
    missing_bounds: BestAndWorst | None = None
    imputed: Estimate | None = None
    notes: tuple[str, ...] = ()
    curves: tuple[Curve, Curve] | None = None  # of a time: the share without the event, or with it when others compete


@dataclass(frozen=True)
class Comparison:
    """One outcome compared between two arms.

    ``n`` are the persons analysed, ``events`` those of them with the event (None for a scale), ``missing`` those
    whose outcome is not known: they are counted and never taken as "no". ``shift`` are the constant shifts of a scale
    that the re-randomisation test does not refute.
    """

    estimand: Estimand
    kind: str
    arms: tuple[str, str]
    n: Arms
    events: Arms | None
    missing: Arms
    effects: Effects
    randomised: Randomised | None = None
    shift: Estimate | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values under the names that ``smartstart trial analyse --json`` promises."""
        e, r = self.effects, self.randomised
        found: dict[str, Any] = {
            "estimand": self.estimand.as_dict(),
            "kind": self.kind,
            "arms": {"treated": self.arms[0], "control": self.arms[1]},
            "n": self.n.as_dict(),
            "events": self.events.as_dict() if self.events else None,
            "missing": self.missing.as_dict(),
            **{name: measure.as_dict() for name, measure in e.measures.items()},
            "p_value": plain(e.significance.p_value),
            "test": e.significance.test,
            "test_reference": e.significance.reference,
            "unadjusted_p_value": plain(e.unadjusted.p_value),
            "unadjusted_test": e.unadjusted.test,
        }
        if e.level_of_arm:
            name = "risk" if self.kind == "binary" else "mean"
            found[name] = {arm: one.as_dict() for arm, one in zip(("treated", "control"), e.level_of_arm, strict=True)}
        if e.needed:
            found["nnt"] = e.needed.as_dict()
        if e.variance_saved is not None:
            found["variance_saved"] = plain(e.variance_saved)
        if e.missing_bounds:
            found["missing_bounds"] = {
                "risk_difference_lowest": e.missing_bounds.risk_difference_lowest,
                "risk_difference_highest": e.missing_bounds.risk_difference_highest,
                "reference": e.missing_bounds.reference,
            }
        if e.imputed:
            found["imputed"] = e.imputed.as_dict()
        if e.curves:
            found["curves"] = {arm: c.as_dict() for arm, c in zip(("treated", "control"), e.curves, strict=True)}
        if r:
            found["randomisation_p"] = plain(r.p_value)
            found["randomisation_interval"] = self.shift.as_dict() if self.shift else None
            found["randomisation"] = {name: plain(value) for name, value in vars(r).items()}
        return found | {"notes": [*self.notes, *e.notes]}
