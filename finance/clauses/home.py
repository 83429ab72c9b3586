"""What legal sees first: what deviates from the standard, and what waits for a word with a clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table
from finance.clauses.panels import rows_of, rows_table
from finance.clauses.register import Row, shown
from finance.models import Deviation
from people.functions import Function
from people.models import Category

MOST = 8


@register_home_panel
class OpenDeviations(HomePanel):
    """What deviates from the standard and is open: what waits for a word first, the most pressing at the top."""

    key = "finance.open_deviations"
    title = "Deviations from the standard"
    template = "finance/home/deviations.html"
    category = Category.CONTRACTS
    functions = {Function.LEGAL: 6}
    span = 6
    is_flush = True
    is_today_only = True

    def load(self, reader: Reader) -> dict[str, Any]:
        found = shown(Deviation.objects.live().filter(account__deleted_at=None))
        pressing = found.order_by(F("due_at").asc(nulls_last=True), "-state", "-asked_at", "-pk")
        rows = [Row(each) for each in pressing[:MOST]]
        return {"rows": rows_of(rows), "url": reverse("finance:deviations")}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the deviations shown."""
        return rows_table(data["rows"])
