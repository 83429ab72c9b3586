"""The query, the explanation and plain Python agree about every account, for random conditions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from accounts.conditions.explain import explain
from accounts.conditions.expression import condition_data, parse_condition
from accounts.conditions.query import matching
from accounts.conditions.words import differences, words
from accounts.models import Account
from tests.accounts.conditions import oracle
from tests.accounts.conditions.strategies import conditions
from tests.accounts.conditions.world import THEN, TODAY, World, make_world, now_of

pytestmark = pytest.mark.django_db

EXAMPLES = 100


def test_query_and_explanation_agree_with_plain_python() -> None:
    """60 accounts × 100 conditions × now and then × entering and staying: 24,000 cases."""
    world = make_world()
    facts = {None: {pk: now_of(world, pk) for pk in world.ids}, THEN: world.then}
    cases = 0

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    @given(conditions())
    def agree(data: dict[str, Any]) -> None:
        nonlocal cases
        condition = parse_condition(data)
        canonical = condition_data(condition)
        assert parse_condition(canonical) == condition
        assert words(condition)
        assert differences(condition, condition) == []
        for as_of, values in facts.items():
            entered = check(canonical, world, as_of, values, is_held=False)
            held = check(canonical, world, as_of, values, is_held=True)
            assert entered <= held, "whoever may enter may stay"
            cases += 2 * len(world.ids)

    agree()
    assert cases >= 5000


def check(
    data: dict[str, Any],
    world: World,
    as_of: date | None,
    values: dict[int, dict[str, Any]],
    *,
    is_held: bool,
) -> set[int]:
    """Compare the three for every account; return the ids that match."""
    condition = parse_condition(data)
    found = set(matching(condition, as_of=as_of, is_held=is_held).values_list("pk", flat=True))
    told = explain(condition, Account.objects.all(), as_of=as_of, is_held=is_held)
    assert found == {pk for pk, finding in told.items() if finding.holds}, data
    expected = {pk for pk in world.ids if oracle.holds(data, values[pk], as_of or TODAY, is_held=is_held)}
    assert found == expected, data
    return found
