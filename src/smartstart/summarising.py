"""Make a summary of this trial in one of three tiers; the ledger keeps for whom exact numbers by arm were made."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from smartstart.analysing.outcomes import Compared, compared, nulmeting_of, value_of
from smartstart.analysing.reading import TrialData, read_trial
from smartstart.crash_points import reached
from smartstart.designing import plan_of
from smartstart.errors import PolicyRefused, UsageError
from smartstart.exchange.envelope import Head, sealed
from smartstart.exchange.masking import masked
from smartstart.exchange.pooled_numbers import numbers_of
from smartstart.exchange.summary import Cell, PublicCell, Summary, Tier, hold_summary
from smartstart.identity.exchange_keys import mask_key, public_half, sign_key
from smartstart.outputs import json_bytes, write_file
from smartstart.pipeline import add_to_ledger
from smartstart.report.disclosure import released
from smartstart.small_numbers import MINIMUM

if TYPE_CHECKING:
    from smartstart.exchange.agreement import Agreement
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.entries import Entry, Stamp
    from smartstart.trial.ledger import Ledger
    from smartstart.workspace import Workspace

BOTH = "all"


@dataclass(frozen=True)
class Summarised:
    """What was written; ``summary`` itself only when it may be published."""

    file: Path
    tier: Tier
    reader: str
    rows: int
    sha256: str
    masked: bool
    ledger_head: str | None
    summary: Summary | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values; of an exact summary nothing that stands in it."""
        told = {name: value for name, value in asdict(self).items() if name != "summary"}
        return told | {"file": str(self.file), "summary": self.summary.as_dict() if self.summary else None}


def summarise(workspace: Workspace, tier: Tier, out: Path, agreement: Agreement | None, reader: str) -> Summarised:
    """Write a summary of the trial as of the last run; ``reader`` is for whom, the programme's first reader if empty.

    Raises StateError before the first draw; UsageError when an agreement is missing or is given for nothing;
    PolicyRefused when exact numbers by arm would leave before a look, or another summary in the same round.
    """
    if (tier == "exchange") != (agreement is not None):
        raise UsageError(
            "--agreement and the tier exchange go together: name the file of the agreement between the municipalities."
        )
    programme = workspace.programme
    plan = plan_of(programme, workspace.instruments)
    data = read_trial(workspace, for_reader=tier != "public")
    if tier == "restricted":
        _refuse_before_a_look(workspace, data.ledger)
    reader = agreement.reader.function if agreement else reader.strip() or programme.monitoring.first_reader
    summary = _summary(workspace, data, plan, tier, reader)
    hold_summary(summary, workspace.contracts, f"--tier {tier}")
    if agreement is None:
        content = summary.content()
    else:
        summary = replace(summary, agreement=agreement.agreement)
        content = _exchanged(workspace, summary, agreement)
    head = None if tier == "public" else _record(workspace, summary, agreement)
    reached("summary_recorded")
    checksum = write_file(out, content)
    told = summary if tier == "public" else None
    by_mask = agreement is not None and agreement.masked
    return Summarised(out, tier, reader, len(summary.rows), checksum, by_mask, head, told)


def _refuse_before_a_look(workspace: Workspace, ledger: Ledger) -> None:
    if not (workspace.rehearsal or ledger.looks or ledger.unblinded):
        raise PolicyRefused(
            "No planned look was taken, so nobody sees numbers by arm yet: wait for the look, or share them under an "
            "agreement with '--tier exchange'."
        )


def _summary(workspace: Workspace, data: TrialData, plan: Plan, tier: Tier, reader: str) -> Summary:
    programme = workspace.programme
    days = [entry.body["as_of"] for entry in data.ledger.entries if entry.kind == "freeze"]
    last_draw = next(entry.hash for entry in reversed(data.ledger.entries) if entry.kind == "draw")
    rows: list[Cell | PublicCell] = []
    for planned in plan.comparisons:
        due = compared(data.women, value_of(programme, planned, data.as_of)).due()
        rows += _public(data, due, planned) if tier == "public" else _exact(data, due, planned)
    return Summary(
        tier=tier,
        municipality=programme.municipality.code,
        name=programme.municipality.name,
        trial=programme.trial.trial_id,
        reader="" if tier == "public" else reader,
        agreement="",
        drawn_from=min(days),
        drawn_until=max(days),
        as_of=data.as_of.isoformat(),
        plan_hash=plan.hash(),
        last_draw=last_draw,
        treated=programme.trial.arms[0],
        control=programme.trial.arms[1],
        made_up=workspace.rehearsal,
        rows=tuple(rows),
    )


# --- exact ------------------------------------------------------------------------------------------------


def _exact(data: TrialData, due: Compared, planned: PlannedComparison) -> list[Cell]:
    """Return a row for each stratum and arm; strata are numbered, since a name could be that of a practice."""
    outcome = due.outcome
    known = np.isfinite(outcome)
    strata = np.array([woman.stratum for woman in due.women], dtype=str)
    arms = np.array([woman.arm for woman in due.women], dtype=str)
    start = _starts(due, planned, known)
    rows = []
    for number, stratum in enumerate(sorted({woman.stratum for woman in data.women}), start=1):
        for arm in data.compared:
            here = (strata == stratum) & (arms == arm)
            seen = here & known
            y, x = outcome[seen], start[seen]
            row = Cell(planned.outcome, planned.kind, planned.at, str(number), arm, int(here.sum()), int(seen.sum()))
            if planned.kind == "event":
                rows.append(replace(row, events=int(y.sum())))
            else:
                sum_y, sum_x, sum_yy, sum_xx, sum_xy = (_sum(part) for part in (y, x, y * y, x * x, x * y))
                rows.append(replace(row, sum_y=sum_y, sum_x=sum_x, sum_yy=sum_yy, sum_xx=sum_xx, sum_xy=sum_xy))
    return rows


def _sum(values: np.ndarray[Any, Any]) -> float:
    return round(float(values.sum()), 9)  # so that the order of addition leaves the same text


def _starts(due: Compared, planned: PlannedComparison, known: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the scale at the start; where it is missing the mean over both arms, or 0 where nobody has one."""
    if planned.kind == "event":
        return np.zeros(len(due.women))
    found = np.array([nulmeting_of(woman, planned.outcome) for woman in due.women], dtype=float)
    there = np.isfinite(found) & known
    return np.where(np.isfinite(found), found, found[there].mean() if there.any() else 0.0)


def _exchanged(workspace: Workspace, summary: Summary, agreement: Agreement) -> bytes:
    """Return the sealed and signed file, its numbers under masks where the agreement says so."""
    mine = agreement.partner(summary.municipality)
    keys = workspace.keys_folder
    signing = sign_key(keys)
    _refuse_other_key(public_half(signing), mine.sign_key, "sign_key")
    content, contents = summary.content(), "summary"
    if agreement.masked:
        masking = mask_key(keys)
        _refuse_other_key(public_half(masking), mine.mask_key, "mask_key")
        numbers = numbers_of(summary)
        told = summary.as_dict() | {"rows": [], "masked": masked(numbers, agreement, mine.code, masking)}
        content, contents = json_bytes(told), "masked"
    head = Head(agreement.agreement, agreement.round, summary.municipality, contents)
    return sealed(content, head, agreement, signing)


def _refuse_other_key(mine: str, stated: str, name: str) -> None:
    if mine != stated:
        raise PolicyRefused(
            f"The agreement holds another {name} of this municipality than its own: give the reader the one that "
            "'smartstart trial exchange-keys' prints, or restore the key."
        )


def _record(workspace: Workspace, summary: Summary, agreement: Agreement | None) -> str:
    """Put in the ledger for whom the summary was made; the same one again adds nothing. Return the head."""
    body = {
        "tier": summary.tier,
        "as_of": summary.as_of,
        "reader": summary.reader,
        "agreement": summary.agreement,
        "round": agreement.round if agreement else "",
        "content": hashlib.sha256(summary.content()).hexdigest(),
    }

    def noted(ledger: Ledger, stamp: Stamp) -> Entry:
        said = [entry for entry in ledger.summaries if entry.body == body]
        return said[-1] if said else ledger.summary(body, stamp=stamp)

    ledger, _ = add_to_ledger(workspace, noted, owner=summary.reader, reason=f"summary {summary.tier}")
    return ledger.head


# --- public -----------------------------------------------------------------------------------------------


def _public(data: TrialData, due: Compared, planned: PlannedComparison) -> list[PublicCell]:
    """Return a row for each arm once the arms are known, and before that one for both together."""
    arms: tuple[str, ...] = data.compared if data.ledger.unblinded else (BOTH,)
    outcome = due.outcome
    rows = []
    for arm in arms:
        hers = np.array([arm in {BOTH, woman.arm} for woman in due.women], dtype=bool)
        values = outcome[hers & np.isfinite(outcome)]
        row = PublicCell(
            planned.outcome, planned.kind, planned.at, arm, released(int(hers.sum())), released(len(values))
        )
        rows.append(_with_values(row, planned.kind, values))
    return rows


def _with_values(row: PublicCell, kind: Literal["scale", "event"], values: np.ndarray[Any, Any]) -> PublicCell:
    if row.known is None:
        return row
    if kind == "event":
        events = int(values.sum())
        enough = min(events, len(values) - events) >= MINIMUM  # also nearly all of them would tell of few
        return replace(row, events=released(events) if enough else None)
    mean = float(values.mean())
    return replace(row, mean=round(mean, 1), spread=round(sqrt(float(values.var(ddof=1))), 1))
