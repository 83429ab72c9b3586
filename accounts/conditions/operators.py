"""What can be asked of a value, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.db.models import DateField, F, Func, IntegerField, Q, Value
from django.db.models.functions import Upper
from django.db.models.lookups import In

from accounts.conditions.registry import Kind

# none: no value; one: a value of the field's kind; many: a list of them; pair: from and to; days: a count of days.
Shape = Literal["none", "one", "many", "pair", "days"]
# Where a threshold moves when it becomes easier to meet; None where thresholds have no order.
Eases = Literal["down", "up", "apart"]

DAY = "condition_day"  # the alias of the day that relative dates count from


class DaysLater(Func):
    """A date some days later, or earlier where negative."""

    template = "(%(expressions)s)"
    arg_joiner = " + "
    arity = 2
    output_field = DateField()


def _day(offset: int) -> DaysLater:
    return DaysLater(F(DAY), Value(offset, IntegerField()))


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One comparison; ``meaning`` is true, false, or null where the value is missing.

    ``sign`` stands between label and threshold in sentences. ``gap`` is how much is missing until it holds, negative
    for the room that is left, in the field's unit (days for dates).
    """

    key: str
    label: str
    sign: str
    shape: Shape
    meaning: Callable[[str, Any], Q]
    eases: Eases | None = None
    gap: Callable[[Any, Any, date], Any] | None = None

    @property
    def asks_presence(self) -> bool:
        """Whether it asks if there is a value at all, so that a missing one is an answer."""
        return self.shape == "none"

    def is_easier(self, stay: Any, value: Any) -> bool:
        """Return whether ``stay`` is at most as hard to meet as ``value``."""
        if self.eases == "down":
            return bool(stay <= value)
        if self.eases == "up":
            return bool(stay >= value)
        return bool(stay[0] <= value[0] and stay[1] >= value[1])

    def is_harder(self, stay: Any, value: Any) -> bool:
        """Return whether ``stay`` is at least as hard to meet as ``value``."""
        return self.is_easier(value, stay)


def _lookup(name: str) -> Callable[[str, Any], Q]:
    return lambda alias, value: Q(**{f"{alias}__{name}": value})


def _not(meaning: Callable[[str, Any], Q]) -> Callable[[str, Any], Q]:
    return lambda alias, value: ~meaning(alias, value)


def _one_of_texts(alias: str, values: Sequence[str]) -> Q:
    # The database folds case on both sides, so that letters mean the same here and in iexact.
    return Q(In(Upper(F(alias)), [Upper(Value(value)) for value in values]))


def _between(alias: str, pair: tuple[Any, Any]) -> Q:
    return Q(**{f"{alias}__gte": pair[0], f"{alias}__lte": pair[1]})


def _next_days(alias: str, days: int) -> Q:
    return Q(**{f"{alias}__gte": _day(0), f"{alias}__lte": _day(days)})


def _last_days(alias: str, days: int) -> Q:
    return Q(**{f"{alias}__gte": _day(-days), f"{alias}__lte": _day(0)})


def _above(actual: Any, value: Any, day: date) -> Any:
    return _difference(value, actual)


def _below(actual: Any, value: Any, day: date) -> Any:
    return _difference(actual, value)


def _outside(actual: Any, pair: tuple[Any, Any], day: date) -> Any:
    return max(_difference(pair[0], actual), _difference(actual, pair[1]))


def _difference(first: Any, second: Any) -> Any:
    return (first - second).days if isinstance(first, date) else first - second


def _ahead(actual: date, day: date) -> int:
    return (actual - day).days


IS_EMPTY = Operator(
    key="is_empty",
    label="is empty",
    sign="is empty",
    shape="none",
    meaning=lambda a, _: Q(**{f"{a}__isnull": True}),
)
IS_SET = Operator(
    key="is_set",
    label="is set",
    sign="is set",
    shape="none",
    meaning=lambda a, _: Q(**{f"{a}__isnull": False}),
)
PRESENCE = (IS_EMPTY, IS_SET)

_EXACT, _SAME_TEXT = _lookup("exact"), _lookup("iexact")

NUMBERS = (
    Operator(key="gte", label="is at least", sign="≥", shape="one", meaning=_lookup("gte"), eases="down", gap=_above),
    Operator(key="lte", label="is at most", sign="≤", shape="one", meaning=_lookup("lte"), eases="up", gap=_below),
    Operator(key="gt", label="is more than", sign=">", shape="one", meaning=_lookup("gt"), eases="down", gap=_above),
    Operator(key="lt", label="is less than", sign="<", shape="one", meaning=_lookup("lt"), eases="up", gap=_below),
    Operator(
        key="between", label="is between", sign="is between", shape="pair", meaning=_between, eases="apart",
        gap=_outside,
    ),
    Operator(key="eq", label="equals", sign="=", shape="one", meaning=_EXACT),
    Operator(key="ne", label="does not equal", sign="≠", shape="one", meaning=_not(_EXACT)),
    *PRESENCE,
)  # fmt: skip
TEXTS = (
    Operator(key="eq", label="is", sign="is", shape="one", meaning=_SAME_TEXT),
    Operator(key="ne", label="is not", sign="is not", shape="one", meaning=_not(_SAME_TEXT)),
    Operator(key="in", label="is one of", sign="is one of", shape="many", meaning=_one_of_texts),
    Operator(key="not_in", label="is none of", sign="is none of", shape="many", meaning=_not(_one_of_texts)),
    Operator(key="contains", label="contains", sign="contains", shape="one", meaning=_lookup("icontains")),
    Operator(
        key="starts_with",
        label="starts with",
        sign="starts with",
        shape="one",
        meaning=_lookup("istartswith"),
    ),
    *PRESENCE,
)
CHOICES = (
    Operator(key="in", label="is one of", sign="is one of", shape="many", meaning=_lookup("in")),
    Operator(key="not_in", label="is none of", sign="is none of", shape="many", meaning=_not(_lookup("in"))),
    Operator(key="eq", label="is", sign="is", shape="one", meaning=_EXACT),
    Operator(key="ne", label="is not", sign="is not", shape="one", meaning=_not(_EXACT)),
    *PRESENCE,
)
DATES = (
    Operator(
        key="within_next_days", label="is within the next days", sign="is within the next", shape="days",
        meaning=_next_days, eases="up", gap=lambda a, n, day: max(-_ahead(a, day), _ahead(a, day) - n),
    ),
    Operator(
        key="within_last_days", label="is within the last days", sign="is within the last", shape="days",
        meaning=_last_days, eases="up", gap=lambda a, n, day: max(_ahead(a, day), -_ahead(a, day) - n),
    ),
    Operator(
        key="more_than_days_ago", label="is longer ago than", sign="is longer ago than", shape="days",
        meaning=lambda alias, days: Q(**{f"{alias}__lt": _day(-days)}), eases="down",
        gap=lambda a, n, day: _ahead(a, day) + n,
    ),
    Operator(
        key="more_than_days_ahead", label="is further ahead than", sign="is further ahead than", shape="days",
        meaning=lambda alias, days: Q(**{f"{alias}__gt": _day(days)}), eases="down",
        gap=lambda a, n, day: n - _ahead(a, day),
    ),
    Operator(
        key="before", label="is before", sign="is before", shape="one", meaning=_lookup("lt"), eases="up", gap=_below,
    ),
    Operator(
        key="after", label="is after", sign="is after", shape="one", meaning=_lookup("gt"), eases="down", gap=_above,
    ),
    Operator(
        key="between", label="is between", sign="is between", shape="pair", meaning=_between, eases="apart",
        gap=_outside,
    ),
    Operator(key="eq", label="is on", sign="is on", shape="one", meaning=_EXACT),
    *PRESENCE,
)  # fmt: skip
BOOLEANS = (Operator(key="eq", label="is", sign="is", shape="one", meaning=_EXACT), *PRESENCE)
LISTS = (
    Operator(
        key="contains",
        label="has",
        sign="has",
        shape="one",
        meaning=lambda a, v: Q(**{f"{a}__contains": [v]}),
    ),
    Operator(key="in", label="has one of", sign="has one of", shape="many", meaning=_lookup("overlap")),
    *PRESENCE,
)

_BY_KIND: dict[Kind, tuple[Operator, ...]] = {
    "text": TEXTS,
    "choice": CHOICES,
    "number": NUMBERS,
    "money": NUMBERS,
    "ratio": NUMBERS,
    "days": NUMBERS,
    "date": DATES,
    "boolean": BOOLEANS,
    "list": LISTS,
}
OPERATORS: dict[Kind, dict[str, Operator]] = {
    kind: {operator.key: operator for operator in operators} for kind, operators in _BY_KIND.items()
}


def gap_of(operator: Operator, actual: Any, threshold: Any, day: date) -> Decimal | None:
    """Return how much is missing until the comparison holds, negative for the room that is left."""
    if operator.gap is None or actual is None:
        return None
    return Decimal(operator.gap(actual, threshold, day))
