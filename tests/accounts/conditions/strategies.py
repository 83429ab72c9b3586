"""Random conditions over everything that can be asked, aimed at the values that accounts really have."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from accounts.conditions.custom import find_field
from accounts.conditions.operators import OPERATORS
from accounts.conditions.registry import ConditionField, condition_fields
from tests.accounts.conditions.world import CUSTOM, TEXTS, TODAY

NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 12, 0.5, 1.2, 30, 149999.99, 150000, 1e-6, 1e15, -1e15]),
    st.integers(-(10**9), 10**9),
    st.decimals(-(10**6), 10**6, places=4).map(float),
)
DAYS = st.sampled_from([0, 1, 29, 30, 31, 90, 91, 365, 3660])
DATES = st.one_of(
    st.integers(-500, 500).map(lambda days: TODAY + timedelta(days=days)),
    st.dates(date(1900, 1, 1), date(2200, 12, 31)),
).map(date.isoformat)
WORDS = st.one_of(
    st.sampled_from([*TEXTS, "a@example.com", "1", "2.5", "true", "%", "_", "\\", "w1"]),
    st.text(st.sampled_from("aEßñü%_'\\\"🚀 ١"), min_size=1, max_size=6).filter(str.strip),
)


def values_of(field: ConditionField) -> st.SearchStrategy[Any]:
    """Return values that a field may be compared with."""
    if field.kind == "choice":
        return st.sampled_from([choice.value for choice in field.choices()])
    return {"date": DATES, "boolean": st.booleans(), "text": WORDS, "list": WORDS}.get(field.kind, NUMBERS)


@st.composite
def leaf(draw: st.DrawFn, *, is_negated: bool) -> dict[str, Any]:
    """Draw one comparison, often with a threshold to stay."""
    keys = [field.key for field in condition_fields] + [f"custom.{name}" for name in CUSTOM]
    key = draw(st.sampled_from(keys))
    sample = draw(st.sampled_from([1, "x", True])) if key.startswith("custom.") else None
    field = find_field(key, sample)
    assert field is not None
    operator = draw(st.sampled_from(list(OPERATORS[field.kind].values())))
    data: dict[str, Any] = {"field": key, "op": operator.key}
    if operator.shape == "none":
        return data
    values = DAYS if operator.shape == "days" else values_of(field)
    if operator.shape == "many":
        data["value"] = draw(st.lists(values, min_size=1, max_size=4))
    elif operator.shape == "pair":
        data["value"] = sorted(draw(st.lists(values, min_size=2, max_size=2)))
    else:
        data["value"] = draw(values)
    if operator.eases and draw(st.booleans()):
        data["stay"] = _stay(draw, operator.eases, data["value"], values, is_negated=is_negated)
    return data


def _stay(
    draw: st.DrawFn, eases: str, value: Any, values: st.SearchStrategy[Any], *, is_negated: bool
) -> Any:
    if eases == "apart":
        first, second = sorted([draw(values), draw(values)])
        outer = [min(first, value[0]), max(second, value[1])]
        inner = [value[0], value[0]] if value[0] <= value[1] else value
        return inner if is_negated else outer
    other = draw(values)
    goes_down = (eases == "down") is not is_negated
    return min(value, other) if goes_down else max(value, other)


def conditions(depth: int = 3, *, is_negated: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Return whole conditions, as JSON data."""
    if depth == 0:
        return leaf(is_negated=is_negated)
    inner = st.deferred(lambda: conditions(depth - 1, is_negated=is_negated))
    turned = st.deferred(lambda: conditions(depth - 1, is_negated=not is_negated))
    return st.one_of(
        leaf(is_negated=is_negated),
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, turned),
    )
