"""What a health model is made of as plain data, and how two differ in sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from metrics.models import HealthModel

Recipe = dict[str, Any]


def plain(value: Decimal) -> int | float:
    """Return a decimal as YAML writes it shortest: 25 and 0.6, not 25.000 and 0.600."""
    return int(value) if value == value.to_integral_value() else float(value)


def recipe_of(model: HealthModel) -> Recipe:
    """Return what a model is made of as plain data."""
    return {
        "minimum_coverage": plain(Decimal(model.minimum_coverage)),
        "components": [
            {
                "key": part.key,
                "label": part.label,
                "group": part.group,
                "weight": plain(part.weight),
                "curve": [list(point) for point in part.curve],
            }
            for part in model.components.order_by("pk")
        ],
        "caps": [
            {
                "key": cap.key,
                "label": cap.label,
                "threshold": plain(cap.threshold),
                "ceiling": plain(cap.ceiling),
            }
            for cap in model.caps.order_by("pk")
        ],
    }


def differences(before: Recipe | None, after: Recipe) -> list[str]:
    """Say in words how two recipes differ."""
    if before is None:
        return ["the first of its own"]
    said = []
    if before["minimum_coverage"] != after["minimum_coverage"]:
        said.append(f"minimum coverage from {before['minimum_coverage']} to {after['minimum_coverage']}")
    for kind in ("components", "caps"):
        old = {part["key"]: part for part in before[kind]}
        new = {part["key"]: part for part in after[kind]}
        said += [f"{old[key]['label']} left out of the {kind}" for key in old if key not in new]
        said += [f"{new[key]['label']} added to the {kind}" for key in new if key not in old]
        said += [
            f"{new[key]['label']}: {name} from {old[key][name]} to {value}"
            for key in new
            if key in old
            for name, value in new[key].items()
            if old[key][name] != value
        ]
    return said or ["another order of the parts"]
