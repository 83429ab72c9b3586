"""Proof on live data that what is told of health adds up: each score, and each change between stored days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise

from metrics.health.change import change_between
from metrics.health.comparing import compare_scores
from metrics.health.parts import ZERO, added_up, as_shown, held_by_limits, parts_of, to_shown
from metrics.models import HealthScore
from people.access import EVERYTHING

CHUNK = 500
# Scores from before exact sums were kept are known to a tenth.
OLD_ROUNDING = Decimal("0.05")


@dataclass(slots=True)
class Proof:
    """How much was looked at, and what doesn't add up, in sentences."""

    accounts: int = 0
    scores: int = 0
    changes: int = 0
    across_models: int = 0
    wrong: tuple[str, ...] = ()


def prove_sums() -> Proof:
    """Add up every stored score, and for each account its change from day to day and from the first to the last.

    Reads all of the history, an account at a time; one query more for each change across models.
    """
    proof = Proof()
    wrong: list[str] = []
    rows = HealthScore.objects.with_parts().order_by("account_id", "as_of").iterator(CHUNK)
    for account, held in groupby(rows, key=lambda score: score.account_id):
        proof.accounts += 1
        known = []
        for score in held:
            proof.scores += 1
            wrong += _wrong_score(score)
            if score.exact is not None:
                known.append(score)
        pairs = [*pairwise(known), *([(known[0], known[-1])] if len(known) > 2 else [])]
        for before, after in pairs:
            proof.changes += 1
            proof.across_models += before.model_id != after.model_id
            whole, told = change_between(before, after), compare_scores(before, after, EVERYTHING)
            if sum((part.points for part in whole.parts), ZERO) != whole.change:
                wrong.append(f"Account {account}: the parts of {before.as_of} to {after.as_of} don't add up.")
            if sum((part.points for part in told.parts), ZERO) != told.total:
                wrong.append(
                    f"Account {account}: the change shown from {before.as_of} to {after.as_of} doesn't."
                )
    proof.wrong = tuple(wrong)
    return proof


def _wrong_score(score: HealthScore) -> Iterator[str]:
    if score.exact is None:
        return
    parts = parts_of(score)
    held = held_by_limits(score, parts)
    if added_up(parts) + held != score.exact:
        yield f"Account {score.account_id}, {score.as_of}: the parts don't add up to {score.exact}."
    if abs(held) > OLD_ROUNDING and not score.limit:
        yield f"Account {score.account_id}, {score.as_of}: {held} points belong to nothing that is named."
    shown = as_shown([*(part.added or ZERO for part in parts), held])
    if sum(shown, ZERO) != to_shown(score.exact):
        yield f"Account {score.account_id}, {score.as_of}: what is shown doesn't add up."
