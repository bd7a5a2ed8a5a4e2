"""What the women of this trial were given, as far as it may be told now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.trial.flow import OFFER
from smartstart.trial.uptake import Uptake, uptake_of

if TYPE_CHECKING:
    from smartstart.analysing.reading import TrialData


def uptake_of_trial(data: TrialData) -> Uptake:
    """Return reach, uptake and dose of the offer; both arms side by side only where the arms have their names."""
    women = [(woman.arm, woman.told, woman.care) for woman in data.women]
    return uptake_of(women, (OFFER, *(arm for arm in data.compared if arm != OFFER)), named=data.named)
