"""Cost rates as pages and files show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from common.export import Table, table_of
from finance.costs.costing import costed_functions
from finance.costs.rates import differences
from finance.models import CostRate
from people.functions import Function


@dataclass(frozen=True, slots=True)
class Told:
    """One version, and what it says otherwise than the one that it was written from."""

    version: CostRate
    differences: list[str]
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Series:
    """The versions of a function, the newest first, and the one in force."""

    function: Function
    held: CostRate | None
    versions: Sequence[Told]


def series_on(day: date) -> list[Series]:
    """Return the rates of each function whose time is costed, and of others that have some; a query each and one."""
    rows = CostRate.objects.select_related("author", "published_by").order_by("function", "-version")
    by_function: dict[str, list[CostRate]] = {function: [] for function in costed_functions()}
    for row in rows:
        by_function.setdefault(row.function, []).append(row)
    return [_series(function, held, day) for function, held in by_function.items()]


def _series(function: str, versions: list[CostRate], day: date) -> Series:
    held, by_id = CostRate.objects.on(function, day), {one.pk: one for one in versions}
    return Series(
        Function(function),
        held,
        [
            Told(
                one,
                differences(before, one) if (before := by_id.get(one.based_on_id or 0)) else [],
                held is not None and held.pk == one.pk,
            )
            for one in versions
        ],
    )


def rates_table(series: Sequence[Series]) -> Table:
    """Return every version with all that it says, for a file."""
    return table_of(
        "cost-rates",
        [told for one in series for told in one.versions],
        [
            ("function", "Function", lambda told: told.version.get_function_display()),
            ("version", "Version", lambda told: told.version.version),
            ("state", "State", lambda told: told.version.get_state_display()),
            ("starts_on", "From", lambda told: told.version.starts_on),
            ("ends_on", "First day after", lambda told: told.version.ends_on),
            ("loaded_cost", "Loaded cost a month", lambda told: told.version.loaded_cost),
            ("capacity_hours", "Practical capacity, hours a month", lambda told: told.version.capacity_hours),
            ("per_hour", "An hour", lambda told: round(told.version.per_hour, 4)),
            ("currency", "Currency", lambda told: told.version.currency),
            ("note", "Why", lambda told: told.version.note),
            ("by", "Written by", lambda told: str(told.version.author or "")),
            ("published_by", "Put in force by", lambda told: str(told.version.published_by or "")),
        ],
    )
