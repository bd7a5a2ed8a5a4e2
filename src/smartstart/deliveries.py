"""What was delivered: recognised by its bytes, in order, and replaced only when a person says so."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.errors import StateError
from smartstart.intake.periods import read_period

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse


# Which delivery of its period this is, from 1; ``d`` is the delivery.
NTH = "(SELECT count(*) FROM delivery AS e WHERE e.period = d.period AND e.sequence <= d.sequence)"


@dataclass(frozen=True)
class Delivery:
    """One delivery of one pipeline for one period; ``snapshot`` ones replace all earlier ones of their pipeline.

    ``delivered`` is the day of its status data. ``reason`` is given when it corrects an earlier delivery.
    """

    pipeline: str
    period: str
    snapshot: bool
    fingerprint: str
    sequence: int
    as_of: date
    delivered: date
    reason: str | None

    @property
    def delivery_id(self) -> str:
        """The same for the same delivery at the same point in the history, so that an interrupted run is redone."""
        return fingerprint([self.pipeline, self.period, self.fingerprint, self.sequence])[:24]


def fingerprint(parts: list[Any]) -> str:
    """Return the SHA-256 of a list of plain values, in hex."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def already_loaded(
    warehouse: Warehouse, pipeline: str, period: str, content: str, *, may_recur: bool
) -> dict[str, Any] | None:
    """Return the record of the run that loaded these very bytes for this period, with its batch; or None.

    Raises StateError when they were loaded under another period's name, unless they ``may_recur``: a snapshot, or a
    quiet week without questionnaires.
    """
    found = warehouse.rows(
        f"SELECT r.*, d.is_current, {NTH} AS nth FROM delivery AS d"
        " INNER JOIN run AS r ON r.delivery_id = d.delivery_id"
        " WHERE d.pipeline = $pipeline AND d.fingerprint = $fingerprint ORDER BY d.sequence DESC",
        {"pipeline": pipeline, "fingerprint": content},
    )
    for row in found:
        if row["period"] == period and row["is_current"]:
            return row | {"report": json.loads(row["report"]), "batch": label(period, row["nth"])}
    other = next((row["period"] for row in found if row["period"] != period), None)
    if other is not None and not may_recur:
        raise StateError(f"These very files were loaded as {other}: check --period and the folder.")
    return None


def refuse_out_of_order(warehouse: Warehouse, delivery: Delivery) -> None:
    """Raise StateError when a period comes again unannounced, too late, or with an as-of date that goes back."""
    pipeline, period, corrects = delivery.pipeline, delivery.period, delivery.reason is not None
    own = {"pipeline": pipeline}
    loaded = {row["period"] for row in warehouse.rows("SELECT period FROM delivery WHERE pipeline = $pipeline", own)}
    if period in loaded and not corrects:
        raise StateError(
            f"{period} was loaded before from other files: give --corrects with --reason to replace it, "
            "or check the folder."
        )
    if corrects and period not in loaded:
        raise StateError(f"{period} was never loaded, so there is nothing to correct: leave out --corrects.")
    last = warehouse.rows("SELECT max(as_of) AS day FROM run WHERE pipeline = $pipeline", own)[0]["day"]
    if last is not None and delivery.as_of < last:
        raise StateError(f"The last '{pipeline}' run counts as done on {last}: --as-of may not lie before that day.")
    if not delivery.snapshot and not corrects:
        later = [label for label in loaded if read_period(label).first > read_period(period).first]
        if later:
            raise StateError(f"{max(later)} was loaded already: {period} comes too late to be loaded in order.")


def last_day(warehouse: Warehouse) -> date:
    """Return the as-of day of the last run; a delivery is recorded before its run has ended."""
    day: date = warehouse.rows("SELECT max(as_of) AS day FROM delivery")[0]["day"]
    return day


def of_batch(warehouse: Warehouse, batch: str) -> Delivery:
    """Return the delivery whose women were frozen as this batch."""
    rows = warehouse.rows(
        f"SELECT d.pipeline, d.period, d.fingerprint, d.sequence, r.as_of, r.delivered, d.reason, {NTH} AS nth"
        " FROM delivery AS d INNER JOIN run AS r ON r.delivery_id = d.delivery_id"
    )
    (row,) = [row for row in rows if label(row["period"], row.pop("nth")) == batch]
    return Delivery(snapshot=False, **row)


def supersede(warehouse: Warehouse, delivery: Delivery) -> None:
    """Record a delivery, and take what it replaces out of use: its accepted rows count as superseded from now on.

    A correction keeps the day of what it corrects, so that an old registration does not become the newest.
    """
    corrects = delivery.reason is not None
    which = "pipeline = $pipeline" + ("" if delivery.snapshot else " AND period = $period")
    own = {"pipeline": delivery.pipeline} | ({} if delivery.snapshot else {"period": delivery.period})
    replaced = warehouse.rows(f"SELECT delivery_id, delivered FROM delivery WHERE is_current AND {which}", own)
    for row in replaced:
        one = {"delivery_id": row["delivery_id"]}
        warehouse.run(
            "UPDATE delivery SET is_current = false, was_corrected = $corrects WHERE delivery_id = $delivery_id",
            one | {"corrects": corrects},
        )
        warehouse.run(
            "UPDATE delivered_file SET superseded = superseded + accepted, accepted = 0"
            " WHERE delivery_id = $delivery_id",
            one,
        )
    day = min([row["delivered"] for row in replaced] or [delivery.delivered]) if corrects else delivery.delivered
    record = {
        "delivery_id": delivery.delivery_id,
        "sequence": delivery.sequence,
        "pipeline": delivery.pipeline,
        "period": delivery.period,
        "fingerprint": delivery.fingerprint,
        "as_of": delivery.as_of,
        "delivered": day,
        "is_current": True,
        "was_corrected": False,
        "reason": delivery.reason,
    }
    warehouse.insert_rows("delivery", [record])


def batch_label(warehouse: Warehouse, period: str) -> str:
    """Return the period, with a number behind it from the second delivery of that period on."""
    earlier = warehouse.rows("SELECT count(*) AS n FROM delivery WHERE period = $period", {"period": period})[0]["n"]
    return label(period, earlier + 1)


def label(period: str, nth: int) -> str:
    """Return the label of the batch of the ``nth`` delivery of a period, from 1."""
    return period if nth == 1 else f"{period}-{nth}"


def next_sequence(warehouse: Warehouse) -> int:
    """Return the number of the next delivery in this workspace, from 1."""
    return int(warehouse.rows("SELECT coalesce(max(sequence), 0) + 1 AS next FROM delivery")[0]["next"])


def all_ids(warehouse: Warehouse) -> set[str]:
    """Return the ids of all deliveries that were ever loaded."""
    return {row["delivery_id"] for row in warehouse.rows("SELECT delivery_id FROM delivery")}
