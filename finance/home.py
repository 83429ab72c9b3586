"""What finance, and those who follow the money, see first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import Tier
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_percent
from finance.contracts.calendar import Calendar
from finance.models import Contract
from finance.revenue.charts import arr_chart, movement_chart
from finance.revenue.series import company_series
from metrics.models import SegmentValue
from people.functions import Function
from people.models import Category, Level

MOST_NOTICES = 10
NOTICE_WITHIN = 120  # days
NOTICE_FIELDS = (
    *("pk", "number", "next_end", "notice_on", "auto_renew"),
    *("account_id", "account__name", "account__country"),
)


def _notice(row: Mapping[str, Any], day: date) -> dict[str, Any]:
    act_by = Calendar(row["account__country"]).last_working_day(row["notice_on"])
    return {**row, "act_by": act_by, "days": (act_by - day).days}


@register_home_panel
class ArrBridge(HomePanel):
    """What moved the company's ARR in twelve months."""

    key = "finance.arr_bridge"
    title = "What moved ARR in twelve months"
    explain = "finance.arr_end"
    template = "finance/home/retention.html"
    category = Category.REVENUE
    level = Level.TOTALS
    functions = {Function.FINANCE: 10, Function.LEADERSHIP: 25, Function.REVOPS: 50}

    def load(self, reader: Reader) -> dict[str, Any]:
        series = company_series(reader.as_of)
        return {
            "chart": movement_chart(self.key, series, reader.as_of),
            "told": "Twelve months up to this one, which still runs.",
        }


@register_home_panel
class CompanyArr(HomePanel):
    """ARR of all accounts by month, at today's exchange rates."""

    key = "finance.company_arr"
    title = "ARR by month"
    explain = "finance.arr_end"
    template = "accounts/panels/chart.html"
    category = Category.REVENUE
    level = Level.TOTALS
    functions = {Function.FINANCE: 45, Function.LEADERSHIP: 45}

    def load(self, reader: Reader) -> dict[str, Any]:
        return {"chart": arr_chart(self.key, company_series(reader.as_of), reader.as_of)}


@register_home_panel
class RetentionByTier(HomePanel):
    """How much of last year's revenue stayed, with and without expansion, by the tier a year ago."""

    key = "finance.retention_by_tier"
    title = "Retention by tier"
    explain = "finance.nrr"
    numbers = ("finance.grr",)
    template = "finance/home/retention.html"
    category = Category.REVENUE
    level = Level.TOTALS
    functions = {Function.FINANCE: 20, Function.LEADERSHIP: 20, Function.REVOPS: 55}

    def load(self, reader: Reader) -> dict[str, Any]:
        values = newest_segments(("finance.nrr", "finance.grr"), reader.as_of)
        labels = dict(Tier.objects.values_list("slug", "label"))
        members = [slug for slug in labels if ("finance.nrr", "tier", slug) in values]
        nrr, grr = values.get(("finance.nrr", "all", "")), values.get(("finance.grr", "all", ""))
        shown = [*members, ""] if members else []

        def column(key: str) -> list[Decimal | None]:
            return [values.get((key, "tier" if slug else "all", slug)) for slug in shown]

        return {
            "chart": Chart(
                key=self.key,
                kind="bar",
                title=f"NRR is {format_percent(nrr)}; without expansion {format_percent(grr)} stayed"
                if nrr is not None and grr is not None
                else "Retention needs revenue a year ago",
                categories=[labels.get(slug, "All") for slug in shown],
                series=[
                    Series(name="NRR", values=column("finance.nrr"), tone="accent"),
                    Series(name="GRR", values=column("finance.grr"), tone="muted"),
                ]
                if shown
                else [],
                unit="ratio",
                category_label="Tier a year ago",
            ),
            "told": "A year up to the newest day. Accounts count in the tier they had a year ago; new and returned "
            "accounts are left out.",
        }


def newest_segments(keys: tuple[str, ...], as_of: date) -> Mapping[tuple[str, str, str], Decimal]:
    """Return numbers of the newest refreshed day up to ``as_of``, by key, dimension and member; two queries."""
    stored = SegmentValue.objects.filter(key__in=keys, as_of__lte=as_of)
    day = stored.order_by("-as_of").values_list("as_of", flat=True).first()
    rows = stored.filter(as_of=day or as_of, dimension__in=("all", "tier"), value__isnull=False)
    return {(row.key, row.dimension, row.member): row.value for row in rows if row.value is not None}


@register_home_panel
class NoticeDates(HomePanel):
    """When notice must be given: what to decide on before a contract renews or ends by itself."""

    key = "finance.notice_dates"
    title = "Notice dates within 120 days"
    explain = "finance.renewal_on"
    template = "finance/home/notices.html"
    category = Category.CONTRACTS
    functions = {Function.LEGAL: 10, Function.CUSTOMER_SUCCESS: 32, Function.FINANCE: 60}
    span = 12
    is_flush = True

    def load(self, reader: Reader) -> dict[str, Any]:
        day = reader.as_of
        contracts: QuerySet[Any, Any] = Contract.objects.running_on(day).with_trial_on(day).with_next_end(day)
        near = contracts.filter(notice_on__range=(day, reader.in_days(NOTICE_WITHIN)), is_trial=False)
        found = (near.filter(account__deleted_at=None).order_by("notice_on", "pk").values(*NOTICE_FIELDS))[
            :MOST_NOTICES
        ]
        return {"contracts": [_notice(row, day) for row in found]}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the contracts shown."""
        if not data["contracts"]:
            return None
        return table_of(
            "notice-dates",
            data["contracts"],
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["account__name"]),
                ("number", "Contract", lambda row: row["number"]),
                ("notice_on", "Notice by", lambda row: row["notice_on"]),
                ("act_by", "Last working day for notice", lambda row: row["act_by"]),
                ("days", "Days left", lambda row: row["days"]),
                ("end_on", "Ends", lambda row: row["next_end"]),
                ("auto_renew", "Renews by itself", lambda row: row["auto_renew"]),
            ],
        )
