"""Finance's sections of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finance.billing.seller import config as _seller  # noqa: F401 - declares the seller's particulars
from finance.clauses import configuration as _clauses  # noqa: F401 - declares the section
from finance.collections import config as _collections  # noqa: F401 - declares the dunning policy
from finance.costs import config as _costs  # noqa: F401 - declares the cost rates
from finance.models import RetentionDefinition, RetentionPolicy
from finance.retention.services import change_retention_policy
from people.configuration.history import Step
from people.configuration.registry import ConfigFile, ConfigSection, Tracked, sections
from people.configuration.shapes import Boolean, Record, Text
from people.models import User

LABELS = {
    "definition": "definition",
    "counts_reactivation": "accounts that came back count as kept",
    "constant_currency": "constant currency",
}


def undo_policy(steps: Sequence[Step], by: User) -> None:
    """Set the choices back."""
    held = export_policy()
    for step in reversed(steps):
        held |= {name: getattr(step.before, name) for name in step.changed}
    change_retention_policy(**held, by=by)


def export_policy() -> dict[str, Any]:
    """Return the choices."""
    held: dict[str, Any] = RetentionPolicy.objects.values(*LABELS).get()
    return held


def plan_policy(data: dict[str, Any], is_published: bool) -> list[str]:
    """Say which choices would change."""
    held = export_policy()
    return [
        f"Retention, {label}: from {_spoken(name, held[name])} to {_spoken(name, data[name])}."
        for name, label in LABELS.items()
        if held[name] != data[name]
    ]


def apply_policy(data: dict[str, Any], by: User | None, is_published: bool) -> None:
    """Set the choices."""
    change_retention_policy(**data, by=by)


def _spoken(name: str, value: Any) -> str:
    if name == "definition":
        return f"“{RetentionDefinition(value).label}”"
    return "yes" if value else "no"


sections.register(
    ConfigSection(
        key="retention",
        label="What retention means",
        url_name="finance:retention_policy",
        tracks=(
            Tracked(
                model=RetentionPolicy,
                noun="",
                name=lambda _: "Choices",
                labels=LABELS,
                show={"definition": lambda value: str(RetentionDefinition(value).label)},
            ),
        ),
        undo=undo_policy,
        file=ConfigFile(
            shape=Record(
                {
                    "definition": Text(choices=RetentionDefinition.values),
                    "counts_reactivation": Boolean(),
                    "constant_currency": Boolean(),
                }
            ),
            export=export_policy,
            plan=plan_policy,
            apply=apply_policy,
        ),
    )
)
