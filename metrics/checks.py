"""Start-up checks of the declared numbers; none of them asks the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from accounts.home import HomePanel, home_panels
from accounts.lenses.registry import Column, Panel, columns, panels
from accounts.models import Standing
from metrics.drivers import drivers
from metrics.engine.waves import find_cycle
from metrics.health.curves import curve_problem
from metrics.health.disagreement import disagreements
from metrics.health.recipe import CAPS_1, MODEL_1, MODEL_2
from metrics.models import HealthGroup
from metrics.readiness.registry import criteria
from metrics.registry import (
    EVERYTHING,
    Item,
    account_parts,
    all_items,
    metrics,
    rollups,
    segment_definitions,
    segment_metrics,
)
from metrics.runs.registry import run_kinds
from metrics.scoreboard.registry import awaited_lines, score_lines
from sync.registry import resources

# Units that no curve can be given for, and what to declare in their place.
UNEQUAL = {
    "date": "which never stands still: use the days since or until then",
    "money": "which says another thing of a small account than of a large one: use a share",
}


def check_metrics(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name duplicates, unknown names, cycles, and recipes of numbers nobody makes."""
    return [
        *metrics.check_duplicates(),
        *rollups.check_duplicates(),
        *segment_metrics.check_duplicates(),
        *segment_definitions.check_duplicates(),
        *drivers.check_duplicates(),
        *run_kinds.check_duplicates(),
        *disagreements.check_duplicates(),
        *account_parts.check_duplicates(),
        *score_lines.check_duplicates(),
        *awaited_lines.check_duplicates(),
        *segment_definitions.check_known((f"The line {line.key!r}", line.figure) for line in score_lines),
        *segment_definitions.check_known((f"The parts of {part.key!r}", part.key) for part in account_parts),
        *criteria.check_duplicates(),
        *_check_criteria(),
        *_check_step_keys(),
        *_check_dependencies(),
        *_check_inputs(),
        *_check_cycles(),
        *_check_standing(),
        *_check_explained(),
        *_check_components(),
        *metrics.check_known((f"Health model 1, {part.label!r},", part.key) for part in MODEL_1),
        *metrics.check_known((f"Health model 2, {part.label!r},", part.key) for part in MODEL_2),
        *metrics.check_known((f"Health model 1, the cap {cap.label!r},", cap.key) for cap in CAPS_1),
    ]


def _declared_dependencies(item: Item) -> tuple[str, ...]:
    """Return what is known without the database; a dynamic list is checked when a refresh is planned."""
    return () if callable(item.depends_on) else item.depends_on


def _check_step_keys() -> Iterator[CheckMessage]:
    seen: dict[str, Item] = {}
    for registry in (metrics, rollups, segment_metrics):
        for item in registry:
            held = seen.setdefault(item.key, item)
            if held is not item:
                yield Error(
                    f"{item.key!r} is declared as {type(held).__name__} and as {type(item).__name__}.",
                    hint="Rename one of them.",
                    id="metrics.E003",
                )


def _check_dependencies() -> Iterator[CheckMessage]:
    items = all_items()
    for item in items.values():
        for key in (*_declared_dependencies(item), *item.after):
            if key not in items and key != EVERYTHING:
                yield Error(
                    f"{item.key!r} depends on {key!r}, which no app declares.",
                    hint="Declare it in <app>/metrics.py or mend the name.",
                    id="metrics.E004",
                )


def _check_inputs() -> Iterator[CheckMessage]:
    items = all_items()
    for definition in (*metrics, *segment_definitions):
        for name in definition.inputs:
            if name not in items and name not in segment_definitions and name not in resources:
                yield Error(
                    f"{definition.key!r} names the input {name!r}, which is neither a number nor a resource.",
                    hint="Inputs are keys of metrics or names of sync resources.",
                    id="metrics.E005",
                )


def _check_cycles() -> Iterator[CheckMessage]:
    cycle = find_cycle(
        {key: (*_declared_dependencies(item), *item.after) for key, item in all_items().items()}
    )
    if cycle:
        yield Error(f"Numbers depend on each other in a circle: {' → '.join(cycle)}.", id="metrics.E006")


def _check_standing() -> Iterator[CheckMessage]:
    columns = {field.name for field in Standing._meta.concrete_fields} - {
        "account",
        "tier",
        "health_band",
        "as_of",
    }
    shown: dict[str, str] = {}
    for item in metrics:
        if item.standing is None:
            continue
        if item.standing not in columns:
            yield Error(
                f"{item.key!r} names the standing column {item.standing!r}, which is none.", id="metrics.E007"
            )
        elif item.standing in shown:
            yield Error(
                f"{item.key!r} and {shown[item.standing]!r} both claim the column {item.standing!r}.",
                id="metrics.E008",
            )
        shown.setdefault(item.standing, item.key)


def _check_components() -> Iterator[CheckMessage]:
    """Name components of health that no model could hold."""
    for metric in metrics:
        if metric.component is None:
            continue
        curve = tuple((Decimal(str(value)), Decimal(str(points))) for value, points in metric.component.curve)
        told = curve_problem(curve)
        if metric.component.group not in HealthGroup.values:
            told = f"There is no group {metric.component.group!r}: use {', '.join(HealthGroup.values)}."
        elif type(metric.component.fresh_days) is not int or metric.component.fresh_days < 0:
            told = f"It can't hold for {metric.component.fresh_days} days."
        elif not metric.component.why.strip():
            told = "Say in a sentence why its curve is as it is."
        elif metric.unit in UNEQUAL:
            told = f"Its unit is {metric.unit}, {UNEQUAL[metric.unit]}."
        if told:
            yield Error(
                f"The component of health {metric.key!r} can't count. {told}",
                hint="See docs/health.md: group, curve, fresh_days and why.",
                id="metrics.E010",
            )


def _check_explained() -> Iterator[CheckMessage]:
    """Name what opens the explanation of a number that nobody declares."""
    declared: list[tuple[str, Panel | Column | HomePanel]] = [
        *(("Panel", item) for item in panels),
        *(("Column", item) for item in columns),
        *(("Home panel", item) for item in home_panels),
    ]
    for kind, item in declared:
        for key in (item.explain, *getattr(item, "numbers", ())):
            is_known = key in metrics or (kind == "Home panel" and key in segment_definitions)
            if key and not is_known:
                yield Error(
                    f"{kind} {item.key!r} explains itself by {key!r}, which no app declares.",
                    hint="Name a metric, or mend the name.",
                    id="metrics.E009",
                )


def _check_criteria() -> Iterator[CheckMessage]:
    """Name criteria of the rollout that neither count something nor say what they wait for."""
    for criterion in criteria:
        if (criterion.measure is None) != bool(criterion.waits_for):
            yield Error(
                f"The criterion {criterion.key!r} must either be measured, or say what it waits for.",
                id="metrics.E011",
            )
        if criterion.measure is not None and criterion.evidence is None:
            yield Error(f"The criterion {criterion.key!r} shows no evidence.", id="metrics.E012")
