"""Versions of the tier rules whose day lies ahead, and those that were held on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from people.functions import Function
from people.models import Category
from tiers.models import RuleSet


@register_home_panel
class ScheduledVersions(HomePanel):
    """What was scheduled: what was held asks for a word, the rest says what its day will do."""

    key = "tiers.scheduled"
    title = "Scheduled tier rules"
    template = "tiers/home/scheduled.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions = {Function.REVOPS: 8}

    def is_for(self, reader: Reader) -> bool:
        """Return whether anything is scheduled."""
        return RuleSet.objects.scheduled().exists()

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = list(RuleSet.objects.scheduled().select_related("published_by", "previewed", "renewed"))
        return {
            "rows": sorted(rows, key=lambda row: row.held_at is None),
            "link_url": reverse("tiers:rule_sets"),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return every scheduled version."""
        if not data["rows"]:
            return None
        return table_of(
            "tier-rules-scheduled",
            data["rows"],
            [
                ("version", "Version", lambda row: row.version),
                ("starts_on", "In force from", lambda row: row.starts_on),
                ("published_by", "Scheduled by", lambda row: str(row.published_by)),
                ("if_changed", "If more would change", lambda row: row.get_if_changed_display()),
                ("held_at", "Held", lambda row: row.held_at),
                ("held_why", "Why it was held", lambda row: row.held_why),
            ],
        )
