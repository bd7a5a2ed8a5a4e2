"""What the commands under ``smartstart model`` print for people: estimates with intervals, and what thresholds cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smartstart.cli.show import lines, table
from smartstart.numbers import estimate, fixed, hyphened, percent, percent_within, stated

if TYPE_CHECKING:
    from smartstart.report.model_card import Card

MEASURES = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "scaled_brier": "scaled Brier score",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "observed_expected": "observed / expected",
    "ici": "ICI",
}
OUTCOMES = {"uhp": "placed without its mother", "ots": "under a supervision order", "either": "placed, or an order"}


def trained(report: Mapping[str, Any]) -> None:
    """Print what was learned, how it did on the held-out years beside both baselines, and the caution."""
    lines(
        [
            f"{report['model']}: {report['kind'].replace('_', ' ')}, {OUTCOMES[report['outcome']]} within "
            f"{report['horizon_months']} months; learned from {report['n']} children with a known outcome, "
            f"{report['events']} of them with it.",
        ]
    )
    if report["made_up"]:
        lines(["Learned on made-up people: never for real work."])
    if report["tuning"]:
        rows = [
            (
                one["candidate"],
                f"{fixed(one['log_loss'], 4)} ± {fixed(one['standard_error'], 4)}",
                fixed(one["auroc"]["estimate"], 3),
            )
            for one in report["tuning"]
        ]
        table("Candidates, judged ahead in time", ("candidate", "log loss", "AUROC"), rows)
    _measures(report["held_out"], "On the held-out years")
    lines([f"Next: smartstart model evaluate on other extracts, or model approve --model {report['model']}."])
    lines([report["caution"]])


def evaluation(report: Mapping[str, Any]) -> None:
    """Print an evaluation: measures beside the baselines, thresholds with their false positives, groups."""
    lines(
        [
            f"{report['model']} at {report['horizon_months']} months, as of {report['as_of']}: {report['n']} children "
            f"with a known outcome, {report['events']} of them with it. Exact counts, not for publication."
        ]
    )
    _measures(report, "Performance, with 95 % intervals")
    rows = [
        (
            f"highest {stated(one['top_share'])}" if one["by"] == "share" else f"risk of {stated(one['threshold'])} on",
            one["n_flagged"],
            _rate(one, "sensitivity"),
            _rate(one, "ppv"),
            _rate(one, "false_positive_share"),
        )
        for one in report["thresholds"]
    ]
    table("What a threshold costs", ("flagged", "children", "sensitivity", "PPV", "false positives"), rows)
    tenth = next(one for one in report["thresholds"] if one["by"] == "share" and one["top_share"] == 0.1)
    lines(
        [
            f"Of 100 children in the highest 10 %, {100 * tenth['false_positive_share']:.0f} did not have the outcome "
            f"within {report['horizon_months']} months."
        ]
    )
    groups = [
        (
            f"{one['attribute']}: {one['group']}",
            one["n"],
            one["events"],
            percent(one["selection_rate"]),
            _estimate(one["observed_expected"], 2),
            one["verdict"],
        )
        for one in report["groups"]
    ]
    table("Groups", ("group", "n", "events", "in top 10 %", "observed / expected", "verdict"), groups)
    lines([one["reason"] for one in report["comparisons"]])
    lines([report["caution"]])


def comparison(report: Mapping[str, Any]) -> None:
    """Print a paired comparison of two models."""
    lines(
        [
            f"{report['model']} with {report['with']}, on the same {report['n']} children, "
            f"{report['events']} with the outcome:",
            f"  difference of AUROC {_estimate(report['auroc_difference'], 3)}",
            f"  difference of Brier {_estimate(report['brier_difference'], 5)} (below zero is better)",
            report["reason"],
        ]
    )


def approval(report: Mapping[str, Any]) -> None:
    """Print what was approved and what to write in the programme to use it."""
    said = [
        f"Approved: {report['model']}, judged on {report['judged_on']}, AUROC {_estimate(report['auroc'], 3)}.",
        f"Checksum: {report['sha256']}",
        f"Copied to: {report['file']}",
    ]
    if report["kind"] == "factor_count":
        lines(
            [*said, "It is the count itself, which needs no victory: keep score: kind: factor_count in programme.yaml."]
        )
        return
    lines(
        [
            *said,
            "To form the risk bands by it, write in programme.yaml, under score: kind: model, this checksum as model, "
            "and risk_bands.",
        ]
    )


def adaptation(report: Mapping[str, Any]) -> None:
    """Print what a recalibration changed."""
    lines(
        [
            f"{report['model']}, from {report['from_model']}, on {report['n']} children, "
            f"{report['events']} with the outcome.",
            "Nothing had to be changed: use the borrowed model as it is."
            if report["choice"] == "none"
            else f"Changed: {report['choice']} (intercept {report['intercept']:+.2f}, slope {report['slope']:.2f}).",
            f"Observed / expected before {_estimate(report['before'], 2)}, after {_estimate(report['after'], 2)} "
            "(each child judged without her own mother).",
            report["caution"],
        ]
    )


def explanation(report: Mapping[str, Any]) -> None:
    """Print the few factors that moved one risk, and always the caution."""
    lines(
        [
            f"Risk within {report['horizon_months']} months of birth: {percent(report['risk'], 1)} "
            f"(average: {percent(report['average_risk'], 1)}); {report['known']} of {report['of']} predictors known.",
        ]
    )
    for one in report["factors"]:
        lines([f"  {one['effect']} it: {one['words']} (odds ratio {one['odds_ratio']:.2f})"])
    if not report["factors"]:
        lines(["  Nothing about her moves it noticeably."])
    lines([report["how"], report["caution"]])


def card(filled: Card) -> None:
    """Print a model card in short; the page has all of it."""
    judged = filled.evaluation
    by = f"approved on {filled.approval.on} by {filled.approval.by}" if filled.approval else "not approved"
    lines(
        [
            f"{filled.name}, version {filled.version}: {filled.kind}; {by}.",
            f"It tells how likely it is that a child is {filled.outcome} within {filled.horizon_months} months of "
            "birth. It selects nobody.",
            *(["Learned on made-up people: never for real work."] if filled.made_up else []),
            f"AUROC {_estimate(judged['auroc'], 3)}, calibration slope {_estimate(judged['calibration_slope'], 2)}, "
            f"observed / expected {_estimate(judged['observed_expected'], 2)}.",
            filled.sample_size,
            "All of it: smartstart model card --out card.html",
            _caution(),
        ]
    )


def monitoring(report: Mapping[str, Any]) -> None:
    """Print how far the women have shifted, and each alarm with its action."""
    lines([f"{report['model']}: {report['women']} women of {', '.join(report['quarters'])}; judged by {report['by']}."])
    rows = [
        (
            one["name"],
            one["known"],
            fixed(one["psi"], 2),
            percent(one["missing"]),
            percent(one["missing_reference"]),
            one["level"] or one["missing_level"] or "none",
        )
        for one in report["predictors"]
    ]
    table("Drift", ("predictor", "known", "PSI", "missing", "in training", "alarm"), rows)
    lines([f"Calibration so far: {report['calibration']['words']}"])
    for alarm in report["alarms"]:
        lines([f"{alarm['level'].upper()}, {alarm['about']}: {alarm['finding']} {alarm['action']}"])
    if not report["alarms"]:
        lines(["No alarm."])
    lines([report["caution"]])


def _caution() -> str:
    from smartstart.risk.factor_count import CAUTION

    return CAUTION


def _estimate(found: Mapping[str, Any] | None, decimals: int) -> str:
    return hyphened(estimate(found, decimals))


def _measures(report: Mapping[str, Any], title: str) -> None:
    reports = (report, *report["baselines"].values())
    rows = [
        (words, *(_estimate(one[key], 4 if "brier" in key or key == "ici" else 3) for one in reports))
        for key, words in MEASURES.items()
    ]
    table(title, ("measure", "model", *(name.replace("_", " ") for name in report["baselines"])), rows)


def _rate(row: Mapping[str, Any], key: str) -> str:
    return percent_within(row[key], row[f"{key}_lower"], row[f"{key}_upper"])
