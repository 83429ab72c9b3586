"""The measures of a backtest against what they are by definition."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from metrics.backtest.measures import auc, curve, deciles, inner, ranks, redrawn, shuffled_auc
from metrics.backtest.weights import shares


def some(seed: int = 1, rows: int = 400, shift: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores with many ties, events that come with low ones, and accounts with four rows each."""
    rng = np.random.default_rng(seed)
    events = rng.random(rows) < 0.2
    scores = np.clip((rng.normal(600, 180, rows) - shift * events) // 25 * 25, 0, 1000).astype(np.int16)
    return scores, events, np.repeat(np.arange(rows // 4) * 17 + 3, 4)


def test_the_area_counts_every_pair_and_half_of_each_tie() -> None:
    scores, events, _ = some(rows=120)
    pairs = list(product(scores[events].tolist(), scores[~events].tolist()))
    wanted = sum(1.0 if low < high else 0.5 if low == high else 0.0 for low, high in pairs) / len(pairs)
    assert auc(scores, events) == pytest.approx(wanted, abs=1e-12)
    assert auc(scores, events) == pytest.approx(roc_auc_score(events, -scores.astype(float)), abs=1e-12)


def test_without_both_kinds_there_is_no_area() -> None:
    scores, events, _ = some()
    assert auc(scores, np.zeros_like(events)) is None
    assert auc(scores, np.ones_like(events)) is None
    assert auc(scores[:0], events[:0]) is None


def test_a_set_that_is_redrawn_has_the_area_of_its_rows_written_out() -> None:
    scores, events, accounts = some(rows=80)
    found = redrawn([scores], events, accounts, seed=3, draws=30)[0]
    rng = np.random.default_rng(3)
    names = np.unique(accounts)
    for area in found:
        drawn = rng.integers(0, len(names), len(names))
        rows = np.concatenate([np.flatnonzero(accounts == names[place]) for place in drawn])
        assert area == pytest.approx(auc(scores[rows], events[rows]), abs=1e-6)


def test_draws_are_the_same_for_a_seed_and_for_every_order() -> None:
    scores, events, accounts = some()
    twice = redrawn([scores, scores], events, accounts, seed=9, draws=60)
    assert (twice[0] == twice[1]).all()
    assert (redrawn([scores], events, accounts, seed=9, draws=60)[0] == twice[0]).all()
    assert not (redrawn([scores], events, accounts, seed=10, draws=60)[0] == twice[0]).all()


def test_rows_of_one_account_are_no_news() -> None:
    """Four copies of each row must not make the interval narrower, as drawing rows would."""
    scores, events, _ = some(rows=200)
    once = inner(redrawn([scores], events, np.arange(200), seed=4)[0])
    copied = [np.repeat(one, 4) for one in (scores, events, np.arange(200))]
    many = inner(redrawn([copied[0]], copied[1], copied[2], seed=4)[0])
    assert many == pytest.approx(once, abs=1e-6)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    from statistics import NormalDist

    truth = NormalDist().cdf(150 / (180 * 2**0.5))
    held = 0
    for seed in range(40):
        scores, events, _ = some(seed, rows=300)
        low, high = inner(redrawn([scores], events, np.arange(300), seed=seed, draws=100)[0])
        held += low <= truth <= high
    assert held >= 33


def test_shuffled_outcomes_are_told_by_nobody() -> None:
    scores, events, accounts = some(rows=2000)
    assert (auc(scores, events) or 0) > 0.65
    assert shuffled_auc(scores, events, accounts % 5, seed=2) == pytest.approx(0.5, abs=0.03)


def test_outcomes_are_shuffled_within_their_month() -> None:
    """Where a month decides it all, dealing out anew within it must leave everything as it was."""
    months = np.repeat([1, 2], 100)
    assert shuffled_auc(months * 100, months == 1, months, seed=2) == 1


def test_tenths_hold_every_row_once_and_no_score_is_in_two() -> None:
    scores, events, _ = some(rows=1003)
    found = deciles(scores, events)
    assert sum(one.rows for one in found) == 1003
    assert sum(one.events for one in found) == events.sum()
    assert all(low.most < high.least for low, high in pairwise(found))
    assert 8 <= len(found) <= 10
    assert deciles(np.full(50, 700), np.zeros(50, dtype=bool))[0].rows == 50


def test_the_curve_lies_on_the_one_of_scikit_learn() -> None:
    scores, events, _ = some()
    false, true, _ = roc_curve(events, -scores.astype(float), drop_intermediate=False)
    on_it = {(round(x, 4), round(y, 4)) for x, y in zip(false, true, strict=True)}
    found = curve(scores, events)
    assert found[0] == (0, 0)
    assert found[-1] == (1, 1)
    assert set(found) <= on_it


def test_ranks_keep_the_order_and_ties() -> None:
    assert ranks(np.array([50, -3, 50, 7])).tolist() == [2, 0, 2, 1]


@pytest.mark.parametrize("values", [[1, 1, 1], [0.2, 0, 5], [1e-9, 1, 1, 1, 1, 1, 1]])
def test_shares_are_whole_and_of_a_hundred(values: list[float]) -> None:
    found = shares(values)
    assert sum(found) == 100
    assert all(abs(one - 100 * value / sum(values)) < 1 for one, value in zip(found, values, strict=True))
