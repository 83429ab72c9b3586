"""Cost rates as a section of the configuration, which those alone read who read the rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from finance.costs.costing import costed_functions
from finance.costs.rates import MOST_COST, draft_rate, newest, retire_rate, write_rate
from finance.models import CostRate
from finance.models.costs import MOST_HOURS
from metrics.engine.plan import today
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import MapOf, Record, Text
from people.functions import Function
from people.models import Category, User

NOTE = "Imported from a file."
CENT = Decimal("0.01")
MOST = {"loaded_cost": MOST_COST, "capacity_hours": Decimal(MOST_HOURS)}


def export_rates() -> dict[str, Any]:
    """Return the rate in force of each function that has one."""
    return {
        held.function: {
            "loaded_cost": f"{held.loaded_cost:.2f}",
            "capacity_hours": f"{held.capacity_hours:.2f}",
        }
        for held in CostRate.objects.published().order_by("function")
    }


def plan_rates(data: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say which rates would be drafted, published or retired. Raises ConfigError for what can't be."""
    held, told = export_rates(), []
    for function, amounts in _read(data).items():
        if _same(held.get(function), amounts) or (not is_published and _is_drafted(function, amounts)):
            continue
        done = "a new version is published from today on" if is_published else "a new draft"
        told.append(f"Cost rate of {_name(function)}: {done}")
    if is_published:
        told += [
            f"Cost rate of {_name(function)}: taken out of force" for function in held if function not in data
        ]
    return told


def apply_rates(data: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish or retire only where ``is_published``."""
    held = export_rates()
    for function, amounts in _read(data).items():
        if _same(held.get(function), amounts):
            continue
        if is_published:
            before = newest(function)
            starts_on = max(today(), before.starts_on) if before and before.starts_on else today()
            write_rate(
                function=function,
                loaded_cost=amounts["loaded_cost"],
                capacity_hours=amounts["capacity_hours"],
                starts_on=starts_on,
                by=by,
                note=NOTE,
            )
        elif not _is_drafted(function, amounts):
            draft_rate(
                function=function,
                loaded_cost=amounts["loaded_cost"],
                capacity_hours=amounts["capacity_hours"],
                by=by,
                note=NOTE,
            )
    if is_published:
        for function in held:
            if function not in data:
                retire_rate(function=function, by=by)


def _read(data: Mapping[str, Any]) -> dict[str, dict[str, Decimal]]:
    """Return the amounts by function; raises ConfigError with every place where there is none."""
    problems: list[Problem] = []
    found: dict[str, dict[str, Decimal]] = {}
    for function, amounts in data.items():
        if function not in costed_functions():
            problems.append(
                Problem(function, "writes no time down on accounts.", f"Use {', '.join(costed_functions())}.")
            )
        found[function] = {
            name: _amount(amounts[name], f"{function}.{name}", name, problems) for name in MOST
        }
    if problems:
        raise ConfigError(problems)
    return found


def _amount(text: str, path: str, name: str, problems: list[Problem]) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and 0 < value <= MOST[name] and value == value.quantize(CENT)):
        problems.append(Problem(path, "is no amount above 0.", "Write it as 12500.00, in quotes."))
    return value


def _same(held: Mapping[str, str] | None, amounts: Mapping[str, Decimal]) -> bool:
    return held is not None and all(Decimal(held[name]) == amounts[name] for name in MOST)


def _is_drafted(function: str, amounts: Mapping[str, Decimal]) -> bool:
    return CostRate.objects.drafts().filter(function=function, **amounts).exists()


def _name(function: str) -> str:
    return str(Function(function).label).lower()


sections.register(
    ConfigSection(
        key="cost_rates",
        label="Cost rates",
        url_name="finance:cost_rates",
        category=Category.COST_RATES,
        tracks=(
            Tracked(
                model=CostRate,
                noun="",
                name=lambda event: f"Cost rate of {_name(event.function)}, version {event.version}",
                labels={
                    "state": "state",
                    "starts_on": "from",
                    "loaded_cost": "loaded cost a month",
                    "capacity_hours": "practical capacity",
                    "currency": "currency",
                    "note": "note",
                },
                show={"state": lambda value: str(CostRate.State(value).label).lower()},
            ),
        ),
        no_undo="What nights counted by is never edited: write the earlier rate again, from a day on.",
        file=ConfigFile(
            shape=MapOf(Record({"loaded_cost": Text(), "capacity_hours": Text()}), choices=Function.values),
            export=export_rates,
            plan=plan_rates,
            apply=apply_rates,
        ),
    )
)
