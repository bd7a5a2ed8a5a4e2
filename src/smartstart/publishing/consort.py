"""CONSORT 2025 for the report of this trial: from the programme, the plan and the ledger. No count and no result.

A checklist is printed again and again, and counts that change between two prints would say more than one release may:
they stand in the council's report, behind its gate, and the checklist says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartstart import bookkeeping
from smartstart.designing import design_of
from smartstart.programme.records import as_record
from smartstart.publishing.checklist import Answered, Checklist, Guideline, State, known, open_
from smartstart.resources import read_yaml, shipped

if TYPE_CHECKING:
    from smartstart.programme.sections import PlannedOutcome, Programme
    from smartstart.trial.ledger import Ledger
    from smartstart.workspace import Workspace

FILE: Final = "consort-2025.yaml"
_IN_THE_REPORT: Final = "In the report of 'smartstart report', as far as counts may be shown."
_METHODS: Final = {
    "permuted_blocks": "permuted blocks",
    "minimisation": "minimisation",
    "simple": "simple draws",
    "big_stick": "a big-stick design",
}


def consort_of(workspace: Workspace) -> Checklist:
    """Return CONSORT 2025 with what this workspace knows of its trial."""
    path = shipped("configs") / "publication" / FILE
    guideline: Guideline = as_record(read_yaml(path), Guideline, path.name)
    with workspace.open_warehouse() as warehouse:
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        ledger = bookkeeping.read_ledger(warehouse)
    answers = _before(workspace.programme, ledger) | _methods(workspace.programme) | _after(workspace.programme, ledger)
    return Checklist(
        name="consort-2025",
        title=guideline.title,
        source=guideline.source,
        language="en",
        rehearsal=workspace.rehearsal,
        items=tuple(Answered(one, *answers.get(one.item, open_())) for one in guideline.items),
        notes=("Item numbers are those of the guideline; the wording is ours. No count stands here.",),
    )


Answers = dict[str, tuple[State, str]]


def _before(programme: Programme, ledger: Ledger) -> Answers:
    mandate, plan = programme.mandate, ledger.plans[-1] if ledger.plans else None
    primary = next(one for one in programme.trial.outcomes if one.primary)
    registered = f"Number {mandate.trial_registration}." if mandate.trial_registration else ""
    locked = f"Plan of the analysis: hash {plan.body['plan_hash']}, locked on {plan.recorded_at[:10]}." if plan else ""
    return {
        "1a": open_("Say in the title that women were drawn."),
        "2": known(registered),
        "3": ("open", f"{locked} Say where plan and protocol can be read.".strip()),
        "4": open_("'smartstart export' makes the analysis set with its codebook; say who may have it, and how."),
        "7": known(
            f"Whether the offer helps: {_outcome(primary)} is primary. Harm is looked at apart: a child placed without "
            "its mother, death, a worse primary scale."
        ),
    }


def _methods(programme: Programme) -> Answers:
    trial, e, p, m = programme.trial, programme.eligibility, programme.planning, programme.monitoring
    chance = design_of(programme).probability(trial.arms[0])
    ratio = ":".join(map(str, trial.ratio))
    limit = f"{e.max_age} or younger" if e.max_age_inclusive else f"younger than {e.max_age}"
    looks = ", ".join(f"{look} %" for look in trial.looks)
    strata = "; ".join(f"{name.replace('_', ' ')} ({', '.join(levels)})" for name, levels in trial.strata.items())
    blocks = f" of {', '.join(map(str, trial.block_sizes))}" if trial.block_sizes else ""
    drawn_in = f"Strata: {strata}." if strata else "No strata."
    return {
        "9": known(
            f"Parallel arms ({', '.join(arm.replace('_', ' ') for arm in trial.arms)}), {ratio}, drawn by "
            f"{'household' if trial.unit == 'household' else 'woman'}; superiority, two-sided."
        ),
        "11": known(f"Midwife practices and the municipality of {programme.municipality.name}."),
        "12a": known(
            f"Pregnant women {limit} (age on the day of {e.age_on.replace('_', ' ')}), week {e.min_week} to "
            f"{e.max_week} on the day of the draw, living in the municipality, with consent."
        ),
        "13": open_(f"The support worker is {programme.letters.supporter}." if programme.letters else ""),
        "14": known("; ".join(_outcome(one) for one in trial.outcomes) + "."),
        "15": known(
            "Placed without its mother, a child's death and a worse primary scale are compared at each look, one-sided "
            f"{m.harm_alpha:g} each; a supervision order is a process outcome, and no harm."
        ),
        "16a": known(
            f"Assumed: {p.difference:g} SD on the primary scale, correlation {p.correlation:g} with the start, "
            f"{p.answered:.0%} answered, {p.consent:.0%} consent, power {m.power:g}; see 'smartstart trial plan'."
        ),
        "16b": known(f"At {looks} of the planned information; {m.spending}, one-sided alpha {m.alpha:g} over all."),
        "17a": known(
            "By a program, from a key that was made and committed to before any woman was known; an auditor can repeat "
            "every draw from the ledger."
        ),
        "17b": known(f"{_METHODS[trial.method].capitalize()}{blocks}; chance of the offer {chance}. {drawn_in}"),
        "18": known(
            "Batches are frozen before they are drawn; the key and the place in a block are shown to nobody while the "
            "trial runs."
        ),
        "19": known(
            "Midwives asked for consent before the draw; the program drew; nobody who enrols sees the sequence."
        ),
        "20a": known(
            "Women, midwives and the support workers knew the arm. Who analysed did not, until unblinding; outcomes of "
            "youth care come from the municipality's records."
        ),
        "20b": known("Arms are named X and Y until the plan is locked and a named person unblinds, once."),
    } | _analysis(programme)


def _analysis(programme: Programme) -> Answers:
    a = programme.analysis
    if a is None:
        return {}
    adjusted = ", ".join(name.replace("_", " ") for name in a.covariates) or "nothing"
    subgroups = ", ".join(name.replace("_", " ") for name in a.subgroups)
    return {
        "21a": known(
            f"Scales by ANCOVA; events exactly below {a.exact_below} in both arms together, by methods for few events "
            f"below {a.few_below}, else by g-computation; adjusted for {adjusted}; 95 % intervals."
        ),
        "21b": known("Everybody drawn whose data may be used, in the arm that the draw gave (intention to treat)."),
        "21c": known(
            f"Multiple imputation ({a.imputations} times) beside complete cases, and bounds for who moved away."
        ),
        "21d": known(
            f"Planned: {f'interaction with {subgroups}' if subgroups else 'no subgroup'}; re-randomisation of the draw "
            f"({a.rerandomisations} times); {a.multiplicity} over the secondary outcomes."
        ),
    }


def _after(programme: Programme, ledger: Ledger) -> Answers:
    draws = [entry for entry in ledger.entries if entry.kind == "draw"]
    epochs = [entry for entry in ledger.entries if entry.kind == "epoch"]
    unblinded = ledger.unblinded is not None
    results = known(_IN_THE_REPORT) if unblinded else open_("The arms are not unblinded: there is no result yet.")
    changed = f"New epochs of the draw: {len(epochs)}; the ledger has each with its day." if epochs else ""
    found: Answers = {
        "10": open_(changed or "The design was not changed after the first draw; say what else was."),
        "22a": known(_IN_THE_REPORT) if draws else open_("Nobody was drawn yet."),
        "22b": known(_IN_THE_REPORT) if draws else open_("Nobody was drawn yet."),
        "23b": ("known", "Closed; the ledger says when and by whose decision.")
        if ledger.closed
        else ("not_applicable", "It has not ended."),
        "25": open_("'smartstart export' has the variables at the start; counts under ten are not shown."),
        "26": results,
        "27": results,
        "28": results,
        "30": open_(f"A small municipality: about {programme.trial.expected_per_year} women a year."),
    }
    if draws:
        days = f"Drawn from {draws[0].recorded_at[:10]} to {draws[-1].recorded_at[:10]}."
        found["23a"] = open_(f"{days} Say until when women were followed.")
    return found


def _outcome(one: PlannedOutcome) -> str:
    name = one.outcome.replace("_", " ")
    kind = f"{name} at the {one.at}" if one.kind == "scale" else f"{name} within {one.at} months of birth"
    return f"{kind}{' (primary)' if one.primary else ''}"
