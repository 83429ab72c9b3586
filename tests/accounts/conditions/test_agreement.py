"""The query, read once or not, the explanation and plain Python agree about every account, for random conditions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from accounts.conditions.custom import find_field
from accounts.conditions.explain import explain
from accounts.conditions.expression import Condition, condition_data, parse_condition
from accounts.conditions.once import computed_once
from accounts.conditions.operators import DAY, OPERATORS, Operator
from accounts.conditions.query import matching, meaning, used_fields, with_fields
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
    assert found == by_columns(condition, as_of=as_of, is_held=is_held), data
    return found


def by_columns(condition: Condition, *, as_of: date | None = None, is_held: bool = False) -> set[int]:
    """Return who matches where every field is read once, as rules do."""
    joined = with_fields(Account.objects.live(), [condition], as_of=as_of)
    read = computed_once(joined, [*used_fields([condition]), DAY])
    return set(read.filter(meaning(condition, is_held=is_held)).values_list("pk", flat=True))


# One field for each way in which a value is read.
KINDS = (
    "finance.arr",
    "finance.grr",
    "finance.nrr",
    "support.open_tickets",
    "engagement.days_since_touch",
    "finance.renewal_on",
    "accounts.industry",
    "accounts.country",
    "accounts.tier",
    "accounts.employees",
    "accounts.workspaces",
    "accounts.has_parent",
    "custom.seats",
    "custom.region",
    "custom.strategic",
)


def test_every_comparison_agrees_at_its_boundary() -> None:
    """Every operator is asked with values that accounts really have, where one more or less decides."""
    world = make_world(size=40)
    values = {pk: now_of(world, pk) for pk in world.ids}
    met = 0
    for key in KINDS:
        held = [values[pk][key] for pk in world.ids if values[pk][key] not in (None, "", [])]
        sample = next(iter(held))
        field = find_field(key, float(sample) if isinstance(sample, Decimal) else sample)
        assert field is not None
        for operator in OPERATORS[field.kind].values():
            for data in boundary_leaves(key, operator, held):
                condition = parse_condition(data)
                found = set(matching(condition).values_list("pk", flat=True))
                asked = condition_data(condition)
                assert found == {
                    pk for pk in world.ids if oracle.holds(asked, values[pk], TODAY, is_held=False)
                }, data
                assert found == by_columns(condition), data
                met += bool(found)
    assert met > 100


def boundary_leaves(key: str, operator: Operator, held: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield comparisons with some of the values that accounts have."""
    data = {"field": key, "op": operator.key}
    if operator.shape == "none":
        yield data
        return
    if operator.shape == "days":
        yield from ({**data, "value": days} for days in (0, 1, 30, 90))
        return
    known: list[Any] = []
    for value in held:
        plain = as_json(value)
        if plain not in known and is_askable(plain):
            known.append(plain)
    for value in known[:5]:
        if operator.shape == "pair":
            other = known[-1]
            yield {**data, "value": sorted([value, other])}
        else:
            yield {**data, "value": [value, known[-1]] if operator.shape == "many" else value}


def as_json(value: Any) -> Any:
    """Return an account's value as a condition would name it."""
    if isinstance(value, list):
        return value[0]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def is_askable(value: Any) -> bool:
    """Return whether a condition may compare with the value: own fields hold larger numbers than that."""
    return isinstance(value, bool | str) or abs(value) <= 10**9
