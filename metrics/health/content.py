"""What a version of a health model says, as somebody writes it: checked, compared, and told as plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions.expression import ConditionError, condition_data, parse_condition, stored_condition
from accounts.conditions.query import numbers_read
from accounts.conditions.words import words
from metrics.engine.waves import find_cycle
from metrics.health.curves import Curve, curve_problem
from metrics.health.fields import DISAGREEMENTS, SENTIMENT
from metrics.models import HealthGroup, HealthLimit, HealthModel
from metrics.registry import all_items, dependencies_of, metrics

ROLLUP = "metrics.health"
# Read beside the stored numbers: what is made from the score itself, or stands beside it and never inside.
BESIDE = {
    "metrics.health_band": "Health can't depend on its own band. Use another field.",
    DISAGREEMENTS: "Disagreements are told from the score itself, so it can't depend on them. Use another field.",
    SENTIMENT: "How people see an account stands beside its health and never counts in it. Use another field.",
}
MOST_PARTS = 50
HEAVIEST = Decimal(999)
LEAST_COVERAGE = Decimal("0.1")
MOST_RANK = 999


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentDraft:
    """A component as somebody wrote it, unchecked; ``curve`` holds pairs of a value and its points."""

    key: str
    label: str
    group: str
    weight: Decimal | None
    curve: Curve


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitDraft:
    """A limit of the whole score as somebody wrote it, unchecked."""

    label: str
    kind: str
    condition: Any
    points: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """All that a version says. ``condition`` and ``rank`` are those of a segment, else None and 0."""

    minimum_coverage: Decimal | None = Decimal("0.6")
    components: Sequence[ComponentDraft] = field(default_factory=tuple)
    limits: Sequence[LimitDraft] = field(default_factory=tuple)
    condition: Any = None
    rank: int = 0


def content_of(model: HealthModel) -> Content:
    """Return what a version says; two queries."""
    return Content(
        minimum_coverage=Decimal(model.minimum_coverage),
        components=tuple(
            ComponentDraft(
                key=part.key,
                label=part.label,
                group=part.group,
                weight=part.weight,
                curve=tuple((Decimal(str(value)), Decimal(str(points))) for value, points in part.curve),
            )
            for part in model.components.all()
        ),
        limits=tuple(
            LimitDraft(label=limit.label, kind=limit.kind, condition=limit.condition, points=limit.points)
            for limit in model.limits.all()
        ),
        condition=model.condition,
        rank=model.rank,
    )


def check_content(content: Content, *, is_segment: bool, untouched: Collection[str] = ()) -> None:
    """Raise ValidationError with what is wrong, by field: ``components``, ``components.2.curve``, ``limits.0.points``…

    ``untouched`` are parts (``components.2``) that are as they were: what has come to be wrong with those is refused
    at publication, so that one can be mended after the other.
    """
    problems: dict[str, list[str]] = {}
    coverage = content.minimum_coverage
    if coverage is None or not LEAST_COVERAGE <= coverage <= 1:
        problems["minimum_coverage"] = ["Ask for 10% to 100% of the weight."]
    if not content.components:
        problems["components"] = ["Add at least one component: without any nothing can be scored."]
    for kind, parts in (("components", content.components), ("limits", content.limits)):
        if len(parts) > MOST_PARTS:
            problems[kind] = [f"Use at most {MOST_PARTS}."]
    keys: set[str] = set()
    for place, part in enumerate(content.components[:MOST_PARTS]):
        path = f"components.{place}"
        if path not in untouched:
            problems |= {f"{path}.{name}": told for name, told in _component_problems(part).items()}
        if part.key in keys:
            problems[f"{path}.key"] = [f"“{part.key}” stands twice. Leave one out."]
        keys.add(part.key)
    for place, limit in enumerate(content.limits[:MOST_PARTS]):
        path = f"limits.{place}"
        if path not in untouched:
            problems |= {f"{path}.{name}": told for name, told in _limit_problems(limit).items()}
    problems |= _segment_problems(content, is_segment=is_segment)
    if not problems and (circle := _circle(content)):
        problems["components"] = [
            f"Health would depend on itself: {' → '.join(circle)}. Leave one of them out."
        ]
    if problems:
        raise ValidationError(problems)


def _component_problems(part: ComponentDraft) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    if part.key not in metrics:
        found["key"] = [f"There is no number “{part.key[:64]}”. Choose one from the list."]
    found |= _label_problems(part.label)
    if part.group not in HealthGroup.values:
        found["group"] = [f"Use {', '.join(HealthGroup.values)}."]
    if part.weight is None or not 0 < part.weight <= HEAVIEST or part.weight != round(part.weight, 3):
        found["weight"] = ["Give a weight above 0 and up to 999, with at most three decimals."]
    if told := curve_problem(part.curve):
        found["curve"] = [told]
    return found


def _limit_problems(limit: LimitDraft) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = dict(_label_problems(limit.label))
    if limit.kind not in HealthLimit.Kind.values:
        found["kind"] = ["Say whether the score is held at most (ceiling) or at least (floor) at the points."]
    if limit.points is None or not 0 <= limit.points <= 100 or limit.points != round(limit.points, 1):
        found["points"] = ["Give points from 0 to 100, with at most one decimal."]
    return found | _condition_problems(limit.condition)


def _label_problems(label: str) -> Mapping[str, list[str]]:
    if not label.strip():
        return {"label": ["Name it as people should read it in an explanation."]}
    return {"label": ["Use at most 128 letters."]} if len(label) > 128 else {}


def _condition_problems(data: Any) -> dict[str, list[str]]:
    try:
        condition = parse_condition(data)
    except ConditionError as error:
        return {"condition": [str(problem) for problem in error.problems]}
    told = [why for key, why in BESIDE.items() if key in numbers_read(condition)]
    return {"condition": told} if told else {}


def _segment_problems(content: Content, *, is_segment: bool) -> dict[str, list[str]]:
    if not is_segment:
        return {}
    problems = _condition_problems(content.condition)
    if not 0 <= content.rank <= MOST_RANK:
        problems["rank"] = [f"Use a whole number from 0 to {MOST_RANK}; the lower goes first."]
    return problems


def numbers_of(content: Content) -> set[str]:
    """Return the numbers that a version reads; what is gone is left out."""
    stored = [limit.condition for limit in content.limits]
    if content.condition is not None:
        stored.append(content.condition)
    found = {part.key for part in content.components}
    for data in stored:
        found |= numbers_read(stored_condition(data))
    return found & set(all_items())


def _circle(content: Content) -> list[str]:
    items = all_items()
    edges = {key: dependencies_of(item) for key, item in items.items()}
    edges[ROLLUP] = tuple(sorted({*edges[ROLLUP], *numbers_of(content)}))
    return find_cycle(edges)


def plain(value: Decimal) -> int | float:
    """Return a decimal as YAML writes it shortest: 25 and 0.6, not 25.000 and 0.600."""
    return int(value) if value == value.to_integral_value() else float(value)


def plain_data(content: Content) -> dict[str, Any]:
    """Return what a version says as data of a file, in the precision of the database."""
    told: dict[str, Any] = {
        "minimum_coverage": plain(round(content.minimum_coverage or Decimal(0), 3)),
        "components": [
            {
                "key": part.key,
                "label": part.label.strip(),
                "group": part.group,
                "weight": plain(round(part.weight or Decimal(0), 3)),
                "curve": [[plain(value), plain(points)] for value, points in part.curve],
            }
            for part in content.components
        ],
        "limits": [
            {
                "label": limit.label.strip(),
                "kind": limit.kind,
                "condition": condition_data(stored_condition(limit.condition)),
                "points": plain(round(limit.points or Decimal(0), 1)),
            }
            for limit in content.limits
        ],
    }
    if content.condition is None:
        return told
    return {"condition": condition_data(stored_condition(content.condition)), "rank": content.rank, **told}


def content_from(data: Mapping[str, Any]) -> Content:
    """Return what data of a file say; the other way round than ``plain_data``."""
    return Content(
        minimum_coverage=Decimal(str(data["minimum_coverage"])),
        components=tuple(
            ComponentDraft(
                key=part["key"],
                label=part["label"],
                group=part["group"],
                weight=Decimal(str(part["weight"])),
                curve=tuple((Decimal(str(value)), Decimal(str(points))) for value, points in part["curve"]),
            )
            for part in data["components"]
        ),
        limits=tuple(
            LimitDraft(
                label=limit["label"],
                kind=limit["kind"],
                condition=limit["condition"],
                points=Decimal(str(limit["points"])),
            )
            for limit in data["limits"]
        ),
        condition=data.get("condition"),
        rank=int(data.get("rank", 0)),
    )


def differences(before: Content | None, after: Content) -> list[str]:
    """Say in words how two versions differ."""
    if before is None:
        return ["the first of its own"]
    old, new = plain_data(before), plain_data(after)
    said = []
    if old["minimum_coverage"] != new["minimum_coverage"]:
        said.append(f"minimum coverage from {old['minimum_coverage']:.0%} to {new['minimum_coverage']:.0%}")
    if old.get("rank") != new.get("rank"):
        said.append(f"rank from {old.get('rank', 0)} to {new.get('rank', 0)}")
    if old.get("condition") != new.get("condition"):
        said.append(f"the segment is now: {words(stored_condition(after.condition))}")
    for kind, name in (("components", "key"), ("limits", "label")):
        held = {part[name]: part for part in old[kind]}
        now = {part[name]: part for part in new[kind]}
        said += [f"{held[key]['label']} left out of the {kind}" for key in held if key not in now]
        said += [f"{now[key]['label']} added to the {kind}" for key in now if key not in held]
        said += [
            f"{now[key]['label']}: {_change(column, held[key][column], value)}"
            for key in now
            if key in held
            for column, value in now[key].items()
            if held[key][column] != value
        ]
    return said or ["another order of the parts"]


def _change(column: str, before: Any, after: Any) -> str:
    if column == "condition":
        return f"holds where {words(stored_condition(after))}"
    if column == "curve":
        return f"curve from {_pairs(before)} to {_pairs(after)}"
    return f"{column} from {before} to {after}"


def _pairs(curve: Sequence[Sequence[int | float]]) -> str:
    return ", ".join(f"{value:g} → {points:g}" for value, points in curve)
