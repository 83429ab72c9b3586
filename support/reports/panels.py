"""What was promised to an account and kept, on its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, Q

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.periods import months_until
from people.models import Category
from support.models import Clock, SlaMetric
from support.reports.attainment import USUAL_MONTHS, Tally, report_url, summed


@register_panel
class Kept(Panel):
    """Promises of three months that were met and missed, by metric, each opening to its clocks."""

    key = "support.kept"
    title = "Promises kept in three months"
    explain = "support.first_response_attainment"
    template = "support/panels/kept.html"
    category = Category.SUPPORT_HISTORY
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        since = months_until(as_of, USUAL_MONTHS)[0]
        rows = (
            Clock.objects.filter(ticket__account=account, ticket__deleted_at=None)
            .decided_between(since, as_of)
            .values_list("metric")
            .annotate(met=Count("ticket_id", filter=Q(breached_at=None)), missed=Count("breached_at"))
            .order_by()
        )
        counts = {metric: (met, missed) for metric, met, missed in rows}
        tallies = [
            Tally(str(label), report_url(account=account.pk, metric=value, as_of=as_of), *counts[value])
            for value, label in SlaMetric.choices
            if value in counts
        ]
        return {"tallies": tallies, "whole": summed(tallies), "since": since}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return what was kept by metric."""
        if not data["tallies"]:
            return None
        return table_of(
            "promises-kept",
            data["tallies"],
            (
                ("metric", "Metric", lambda one: one.label),
                ("met", "Met", lambda one: one.met),
                ("missed", "Missed", lambda one: one.missed),
                ("attainment", "Kept", lambda one: one.share),
            ),
        )
