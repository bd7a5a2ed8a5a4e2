"""Whatever the p-values, the women and the missing: what the rules of the analysis never do."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.trial.analysis.contrasts import difference_in_means
from smartstart.trial.analysis.imputation import impute_events, impute_scales
from smartstart.trial.analysis.multiplicity import fixed_sequence, holm
from smartstart.trial.analysis.redraws import permutation, scheme
from smartstart.trial.analysis.rerandomisation import randomisation_test
from smartstart.trial.design import Design
from smartstart.trial.simulation import Woman

P_VALUES = st.dictionaries(st.text(min_size=1), st.floats(0, 1), max_size=8)
SCALES = st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(float("nan"))), min_size=2, max_size=9)


@given(P_VALUES)
def test_an_adjusted_p_value_is_never_below_its_own_nor_above_one(p_values: dict[str, float]) -> None:
    by_holm = holm(p_values)
    for name, p in p_values.items():
        assert p <= by_holm[name].adjusted <= 1
        assert fixed_sequence(p_values)[name].adjusted >= p


@given(st.lists(st.integers(0, 2), min_size=1, max_size=14), st.sampled_from([(1, 1), (2, 1)]))
@settings(deadline=None)
def test_the_chances_of_all_allocations_add_up_to_one(cells: list[int], ratio: tuple[int, int]) -> None:
    design = Design("t", ratio=ratio, block_sizes=(6, 12))
    found = scheme(design, [Woman(cell) for cell in cells]).all_draws()
    if found:
        draws, chance = found
        assert abs(chance.sum() - 1) < 1e-9 and len(np.unique(draws, axis=0)) == len(draws)
        assert np.allclose(chance @ draws, ratio[0] / sum(ratio))


@given(SCALES, st.integers(0, 2**9))
@settings(deadline=None)
def test_the_exact_test_holds_over_every_allocation(values: list[float], which: int) -> None:
    outcome, treated = np.array(values), np.array([bool(which >> i & 1) for i in range(len(values))])
    redraws = permutation(treated)
    draws, chance = redraws.all_draws() or (np.zeros((0, len(values)), bool), np.zeros(0))
    p = np.array([randomisation_test(difference_in_means(outcome), one, redraws, seed=1).p_value for one in draws])
    for alpha in (0.05, 0.2, 0.5):
        assert chance[p <= alpha + 1e-12].sum() <= alpha + 1e-9


@given(SCALES, st.integers(0, 2**9), st.integers(0, 5))
@settings(deadline=None)
def test_imputation_changes_nothing_that_is_known(values: list[float], which: int, seed: int) -> None:
    outcome, treated = np.array(values), np.array([bool(which >> i & 1) for i in range(len(values))])
    known = np.isfinite(outcome)
    event = np.where(known, outcome > 0, np.nan)
    scales = impute_scales(outcome, treated, np.ones((len(values), 1)), m=2, seed=seed)
    events = impute_events(event, treated, m=2, seed=seed)
    assert np.array_equal(scales.values[:, known], np.tile(outcome[known], (2, 1)))
    assert np.array_equal(events.values[:, known], np.tile(event[known], (2, 1)))
    assert np.isfinite(scales.values).all() or scales.note
