"""How much of what was promised was kept: the clocks of a period that were met or missed, counted by what one asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DateField, Q
from django.db.models.functions import TruncMonth
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import Tier
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_count, format_percent
from common.params import read_choice, read_key
from common.periods import month_label, months_until
from support.models import Clock, Priority, SlaMetric
from support.querysets import PROMISED_BY_CONTRACT, ClockQuerySet

MONTHS = {"1": "This month", "3": "3 months", "6": "6 months", "12": "12 months"}
USUAL_MONTHS = 3
BY = {"month": "Month", "tier": "Tier", "priority": "Priority", "metric": "Metric"}
RESULTS = {"missed": "Missed", "met": "Met"}
PROMISED = {"contract": "By contracts", "policy": "By policies"}
NO_TIER = "none"
# In UTC, as days are told everywhere.
MONTH = TruncMonth("decided_at", tzinfo=UTC, output_field=DateField())


@dataclass(frozen=True, slots=True)
class Search:
    """What the report is asked for; anything unknown in the address falls back to the default.

    ``tiers`` are the labels of all tiers by slug, the highest first. ``month`` is the first day of one.
    """

    as_of: date
    is_past: bool
    tiers: Mapping[str, str]
    months: int
    by: str
    metric: str
    tier: str
    priority: str
    promised: str
    result: str
    month: date | None
    account: int

    @classmethod
    def from_params(cls, params: QueryDict, as_of: date, *, is_past: bool) -> Search:
        """Read the address; one query, for the tiers."""
        tiers = {**dict(Tier.objects.order_by("rank").values_list("slug", "label")), NO_TIER: "No tier yet"}
        months = int(read_choice(params, "months", MONTHS, str(USUAL_MONTHS)))
        of_period = {f"{month:%Y-%m}": month for month in months_until(as_of, months)}
        return cls(
            as_of=as_of,
            is_past=is_past,
            tiers=tiers,
            months=months,
            by=read_choice(params, "by", BY, "month"),
            metric=read_choice(params, "metric", SlaMetric.values),
            tier=read_choice(params, "tier", tiers),
            priority=read_choice(params, "priority", Priority.values),
            promised=read_choice(params, "promised", PROMISED),
            result=read_choice(params, "result", RESULTS),
            month=of_period.get(read_choice(params, "month", of_period)),
            account=read_key(params.get("account", "")),
        )

    @property
    def since(self) -> date:
        """The first day of the period."""
        return months_until(self.as_of, self.months)[0]

    @property
    def is_narrowed(self) -> bool:
        """Whether clocks are left out because of what was asked."""
        return bool(
            self.metric
            or self.tier
            or self.priority
            or self.promised
            or self.month
            or self.account
            or self.result
        )

    def decided(self) -> ClockQuerySet:
        """Return the clocks of the period that fit, met and missed, with ``decided_at`` and ``month``."""
        found = Clock.objects.live().decided_between(self.since, self.as_of).annotate(month=MONTH)
        if self.metric:
            found = found.filter(metric=self.metric)
        if self.tier:
            found = found.filter(tenure__tier__slug=None if self.tier == NO_TIER else self.tier)
        if self.priority:
            found = found.filter(priority=self.priority)
        if self.promised:
            found = found.filter(
                PROMISED_BY_CONTRACT if self.promised == "contract" else ~PROMISED_BY_CONTRACT
            )
        if self.account:
            found = found.filter(ticket__account_id=self.account)
        if self.month:
            found = found.filter(month=self.month)
        return found

    def listed(self) -> ClockQuerySet:
        """Return those of them that the list shows, unordered, with what its rows take."""
        found = self.decided()
        if self.result:
            found = found.filter(breached_at__isnull=self.result == "met")
        return found.select_related("ticket__account", "tenure__tier")

    def url(self, **changes: Any) -> str:
        """Return the address of the report with something else asked, from its own page."""
        asked = replace(self, **changes)
        params = {
            "months": str(asked.months) if asked.months != USUAL_MONTHS else "",
            "by": asked.by if asked.by != "month" else "",
            "metric": asked.metric,
            "tier": asked.tier,
            "priority": asked.priority,
            "promised": asked.promised,
            "result": asked.result,
            "month": f"{asked.month:%Y-%m}" if asked.month else "",
            "account": str(asked.account or ""),
            "as_of": asked.as_of.isoformat() if asked.is_past else "",
        }
        return f"?{urlencode({name: value for name, value in params.items() if value})}"


def report_url(*, account: int, metric: str, as_of: date) -> str:
    """Return the address of the report with the clocks of one account and metric as of a day."""
    asked = {"account": account, "metric": metric}
    day = {} if as_of >= timezone.now().date() else {"as_of": as_of.isoformat()}
    return f"{reverse('support:attainment')}?{urlencode({**asked, **day})}#clocks"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many clocks of one kind were met and missed; ``url`` leads to them."""

    label: str
    url: str
    met: int
    missed: int
    is_chosen: bool = False

    @property
    def decided(self) -> int:
        """How many there are."""
        return self.met + self.missed

    @property
    def share(self) -> float | None:
        """The share that was met; None where none was decided."""
        return self.met / self.decided if self.decided else None


def read_tallies(search: Search) -> list[Tally]:
    """Return the clocks counted by what is asked for, in its order, months without any too; one query.

    A bar that was chosen leaves the others standing.
    """
    chosen = getattr(search, search.by)
    nothing: dict[str, Any] = {search.by: None if search.by == "month" else ""}
    column = "tenure__tier__slug" if search.by == "tier" else search.by
    rows = (
        replace(search, **nothing)
        .decided()
        .values_list(column)
        .annotate(met=Count("ticket_id", filter=Q(breached_at=None)), missed=Count("breached_at"))
        .order_by()
    )
    counts = {key or NO_TIER: (met, missed) for key, met, missed in rows}
    return [
        Tally(label, f"{search.url(**{search.by: key})}#clocks", *counts.get(key, (0, 0)), key == chosen)
        for key, label in _places(search)
        if key in counts or search.by == "month"
    ]


def _places(search: Search) -> Iterator[tuple[Any, str]]:
    if search.by == "tier":
        yield from search.tiers.items()
    elif search.by == "month":
        yield from ((month, month_label(month)) for month in months_until(search.as_of, search.months))
    else:
        choices = Priority.choices if search.by == "priority" else SlaMetric.choices
        yield from ((value, str(label)) for value, label in choices)


def shown_whole(search: Search, tallies: list[Tally]) -> Tally:
    """Return what the list below counts: the bar that was chosen, also where it holds nothing, else all of them."""
    is_any = getattr(search, search.by) in ("", None)
    return summed([one for one in tallies if is_any or one.is_chosen])


def summed(tallies: list[Tally]) -> Tally:
    """Return all of them as one."""
    return Tally("All", "", sum(one.met for one in tallies), sum(one.missed for one in tallies))


def attainment_chart(search: Search, tallies: list[Tally]) -> Chart:
    """Return the share that was kept as bars, each of which opens to its clocks."""
    whole = summed(tallies)
    told = (
        f"{format_percent(whole.share)} of {format_count(whole.decided, 'promise')} kept"
        if whole.share is not None
        else "Nothing was decided"
    )
    return Chart(
        key="support-attainment",
        kind="bar",
        title=told,
        categories=[one.label for one in tallies],
        series=[Series(name="Kept", values=[one.share for one in tallies], tone="accent")]
        if whole.decided
        else [],
        unit="ratio",
        category_label=BY[search.by],
        urls=[one.url for one in tallies],
    )


def tallies_table(search: Search, tallies: list[Tally]) -> Table:
    """Return the bars for a file."""
    return table_of(
        f"sla-attainment-by-{search.by}",
        tallies,
        (
            (search.by, BY[search.by], lambda one: one.label),
            ("met", "Met", lambda one: one.met),
            ("missed", "Missed", lambda one: one.missed),
            ("decided", "Decided", lambda one: one.decided),
            ("attainment", "Attainment", lambda one: one.share),
        ),
    )
