"""The panel of the path to the next tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_date
from people.access import Access
from people.models import Category
from sync.freshness.marks import provisional_numbers
from tiers.entitlements.resolution import today
from tiers.path.reading import Path, path_of
from tiers.path.steps import Step

MOST_BRINGS = 14


@register_panel
class PathToNextTier(Panel):
    """What the account lacks for the next tier by the nearest way, and what that tier brings."""

    key = "tiers.path"
    title = "Path to the next tier"
    template = "tiers/panels/path.html"
    category = Category.ACCOUNT_PROFILE
    span = 12
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        path = path_of(account, access, as_of=as_of)
        url = reverse("tiers:path", args=[account.pk])
        return {
            "state": path.state,
            "tier": path.tier.label if path.tier else "",
            "next": path.next.label if path.next else "",
            "next_slug": path.next.slug if path.next else "",
            "version": path.rule_set.version if path.rule_set else None,
            "steps": _steps(path, provisional_numbers(as_of)),
            "todo": path.todo,
            "other_ways": max(len(path.ways) - 1, 0),
            "before": list(path.before),
            "points": _points(path),
            "brings": list(path.brings[:MOST_BRINGS]),
            "brings_more": max(len(path.brings) - MOST_BRINGS, 0),
            "held_back": held_back(path),
            "url": url if as_of >= today() else f"{url}?{urlencode({'as_of': as_of.isoformat()})}",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the criteria as they are shown, None where there are none."""
        if not data["steps"]:
            return None
        return table_of(
            "path",
            data["steps"],
            [
                ("criterion", "Criterion", lambda row: row["label"]),
                ("asked", "Asked", lambda row: row["needed"]),
                ("now", "Now", lambda row: row["actual"]),
                ("missing", "Missing", lambda row: row["gap"]),
                ("is_met", "Met", lambda row: row["is_met"]),
            ],
        )


def _steps(path: Path, doubts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the criteria of the nearest way as plain values; of alternatives the nearest counts."""
    if not path.ways:
        return []
    return [_plain(_nearest(part), doubts) for part in path.ways[0].criteria]


def _nearest(step: Step) -> Step:
    while step.kind != "leaf" and step.parts:
        step = (
            step.parts[0]
            if step.kind == "any"
            else next((p for p in step.parts if not p.is_met), step.parts[0])
        )
    return step


def _plain(step: Step, doubts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "label": step.label,
        "needed": step.needed,
        "actual": step.actual,
        "gap": step.gap,
        "is_met": step.is_met,
        "missing": step.missing,
        "provisional": "" if step.is_met is None else doubts.get(step.field, ""),
    }


def _points(path: Path) -> dict[str, Any] | None:
    if path.points is None:
        return None
    points = path.points
    return {"now": points.now, "needed": points.needed, "gap": points.gap, "hidden": points.hidden}


def held_back(path: Path) -> list[str]:
    """Return in words what keeps the rules from counting just now."""
    said = []
    if path.override is not None:
        until = format_date(path.override.ends_on)
        said.append(f"{path.override.author} holds the account in {path.override.tier.label} until {until}.")
    if path.waiting is not None:
        move, day = path.waiting, format_date(path.waiting.until)
        said.append(
            f"A move to {move.to_tier.label} waits, at the earliest for {day}: {move.get_why_display().lower()}."
        )
    return said
