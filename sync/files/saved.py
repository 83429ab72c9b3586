"""Plans that are offered again for files of the same heading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.utils import timezone

from sync.files.plan import Plan, plan_of
from sync.files.suggest import signature
from sync.models import SavedPlan, Source


def saved_plan(source: Source, resource: str, names: Sequence[str]) -> tuple[list[str], Plan] | None:
    """Return the headings and the plan that a source's last file of this heading was imported with."""
    held = SavedPlan.objects.filter(source=source, resource=resource, signature=signature(names)).first()
    if held is None:
        return None
    try:
        return list(held.plan["names"]), plan_of(held.plan["plan"])
    except (msgspec.ValidationError, KeyError, TypeError):  # what a newer version takes differs
        return None


def remember_plan(*, source: Source, resource: str, names: Sequence[str], plan: Plan, by: Any) -> None:
    """Keep a plan for the next file of this heading."""
    SavedPlan.objects.update_or_create(
        source=source,
        resource=resource,
        signature=signature(names),
        defaults={
            "plan": {"names": list(names), "plan": msgspec.to_builtins(plan)},
            "saved_by": by,
            "saved_at": timezone.now(),
        },
    )
