"""What contracts would have us credit for promises that were missed: another function's numbers, known by their key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Max
from django.db.models.functions import TruncMonth

from accounts.models import Account
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_money
from common.periods import month_label
from metrics.models import MetricValue
from metrics.registry import Definition, definition_of
from people.access import Access, Redacted

# Stored each night for the month up to it, by whoever owns the contracts.
CREDITS = "finance.service_credits"


@dataclass(frozen=True, slots=True)
class Credited:
    """What one account would be credited for the misses of one month."""

    month: date
    account: Account
    value: Decimal


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is owed by month and account, in the reporting currency, the newest month and largest sum first.

    ``closed`` is the mark of redaction for who may not see it; then nothing was read. ``nights`` are the nights by
    which months are told, the last of each; a month without one isn't known.
    """

    definition: Definition
    closed: Redacted | None
    currency: str
    nights: dict[date, date]
    rows: Sequence[Credited]

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum((row.value for row in self.rows), Decimal(0))

    @property
    def accounts(self) -> int:
        """How many accounts it is owed to."""
        return len({row.account.pk for row in self.rows})


def read_exposure(access: Access, months: Sequence[date], as_of: date, currency: str) -> Exposure | None:
    """Return what is owed for the months up to a day; None where nobody declares it. Two queries, none if closed."""
    definition = definition_of(CREDITS)
    if definition is None:
        return None
    closed = access.redact(None, definition.category, definition.level)
    if closed is not None:
        return Exposure(definition, closed, currency, {}, ())
    stored = MetricValue.objects.filter(key=CREDITS).between(months[0], as_of)
    nights = dict(
        stored.annotate(month=TruncMonth("as_of")).values_list("month").annotate(Max("as_of")).order_by()
    )
    rows = (
        stored.filter(as_of__in=nights.values(), value__gt=0, account__deleted_at=None)
        .select_related("account")
        .order_by("-as_of", "-value", "account_id")
    )
    return Exposure(
        definition,
        None,
        currency,
        nights,
        [Credited(row.as_of.replace(day=1), row.account, row.value) for row in rows],
    )


def exposure_chart(exposure: Exposure, months: Sequence[date]) -> Chart:
    """Return what is owed by month as bars."""
    sums = dict.fromkeys(exposure.nights, Decimal(0))
    for row in exposure.rows:
        sums[row.month] += row.value
    told = format_money(exposure.total, exposure.currency, decimals=0)
    return Chart(
        key="support-credits",
        kind="bar",
        title=f"{told} to credit for missed first responses" if exposure.total else "Nothing to credit",
        categories=[month_label(month) for month in months],
        series=[Series(name="Credits", values=[sums.get(month) for month in months], tone="accent")]
        if exposure.nights
        else [],
        unit="money",
        currency=exposure.currency,
        empty="The nightly refresh works it out from the clauses of contracts.",
        good="down",
    )


def exposure_table(exposure: Exposure) -> Table:
    """Return what is owed for a file."""
    return table_of(
        "service-credits",
        exposure.rows,
        (
            ("month", "Month", lambda row: row.month),
            ("account_id", "Account id", lambda row: row.account.pk),
            ("account", "Account", lambda row: row.account.name),
            ("credit", f"Credit ({exposure.currency})", lambda row: row.value),
        ),
    )
