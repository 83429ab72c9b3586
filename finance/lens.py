"""What finance shows of an account: its columns, panels and lens. The home cards stand in finance/home.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from accounts.lenses import Column, Lens, Panel, register_column, register_lens, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.formatting import format_date, format_distance, format_money, format_percent
from common.periods import month_label
from finance import home as _home  # noqa: F401 - declares the home cards
from finance.models import BillingPeriod, Contract, ContractLine
from finance.series import Movements, account_months, monthly_amount, movements_of, rates_on
from people.functions import Function as F_
from people.models import Category, Level

REVENUE = Category.REVENUE
TOTALS = Level.TOTALS
SHOWN_MONTHS = 25
MOST_LINES = 25
CONTRACTS = Category.CONTRACTS


def _mrr_note(figures: Mapping[str, Any], today: date) -> str:
    mrr = figures.get("mrr")
    return "" if mrr is None else f"{format_money(mrr, settings.REPORTING_CURRENCY)} a month"


def _nrr_note(figures: Mapping[str, Any], today: date) -> str:
    return "over twelve months"


def _renewal_note(figures: Mapping[str, Any], today: date) -> str:
    day = figures.get("renewal_on")
    return "" if day is None else format_distance((day - today).days)


register_column(
    Column(
        key="finance.arr",
        label="ARR",
        field="standing__arr",
        kind="money",
        category=REVENUE,
        level=TOTALS,
        explain="finance.arr",
        headline=20,
        note=_mrr_note,
        help="Annual recurring revenue: twelve times the MRR",
    )
)
register_column(
    Column(
        key="finance.mrr",
        label="MRR",
        field="standing__mrr",
        kind="money",
        category=REVENUE,
        level=TOTALS,
        explain="finance.mrr",
        help="Monthly recurring revenue of the lines active today",
    )
)
register_column(
    Column(
        key="finance.nrr",
        label="NRR",
        field="standing__nrr",
        kind="ratio",
        category=REVENUE,
        level=TOTALS,
        explain="finance.nrr",
        headline=30,
        note=_nrr_note,
        help="Net revenue retention over twelve months",
    )
)
register_column(
    Column(
        key="finance.renewal_on",
        label="Renewal",
        field="standing__renewal_on",
        kind="date",
        category=CONTRACTS,
        explain="finance.renewal_on",
        headline=40,
        note=_renewal_note,
        help="The nearest end of a running contract",
    )
)


def money(value: Any) -> str:
    """Return an amount in the reporting currency, short."""
    return format_money(value, settings.REPORTING_CURRENCY, short=True)


@register_panel
class ArrByMonth(Panel):
    """ARR at the end of each month, at today's exchange rates so that only the business moves it."""

    key = "finance.arr_by_month"
    title = "Revenue"
    template = "accounts/panels/chart.html"
    category = REVENUE
    level = TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        series = account_months(account, as_of)
        months, values = series.months[-SHOWN_MONTHS:], series.values[-SHOWN_MONTHS:]
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="line",
                title=_arr_title(values[-13], values[-1]),
                categories=[month_label(month) for month in months],
                series=[Series(name="ARR", values=values, tone="accent")] if any(values) else [],
                unit="money",
                currency=settings.REPORTING_CURRENCY,
                decimals=0,
                note=series.note,
            )
        }


def _arr_title(before: Any, now: Any) -> str:
    if not now:
        return (
            "No recurring revenue today"
            if not before
            else f"ARR fell to nothing from {money(before)} a year ago"
        )
    if not before:
        return f"ARR is {money(now)}; there was none a year ago"
    change = now / before - 1
    if abs(change) < 0.005:  # half a per cent would be shown as no change
        return f"ARR is {money(now)}, as a year ago"
    return (
        f"ARR {'grew' if change > 0 else 'fell'} {format_percent(abs(change), 0)} in a year, to {money(now)}"
    )


@register_panel
class ArrMovements(Panel):
    """How ARR got from where it stood twelve months ago to where it stands."""

    key = "finance.arr_movements"
    title = "What moved ARR in twelve months"
    template = "accounts/panels/chart.html"
    category = REVENUE
    level = TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        series = account_months(account, as_of)
        moved = movements_of(series.values, 12)
        return {
            "chart": movement_chart(f"{self.key}-{account.pk}", moved, series.months[-13], series.months[-1])
        }


def movement_chart(key: str, moved: Movements, first: date, last: date) -> Chart:
    """Return the waterfall from start to end; its title names what weighed most."""
    bars = [
        (f"ARR {month_label(first)}", moved.start),
        ("New", moved.new),
        ("Expansion", moved.expansion),
        ("Reactivation", moved.reactivation),
        ("Contraction", -moved.contraction),
        ("Churn", -moved.churn),
        (f"ARR {month_label(last)}", moved.end),
    ]
    changes = [(name, value) for name, value in bars[1:-1] if value]
    if changes:
        name, value = max(changes, key=lambda pair: abs(pair[1]))
        title = f"{name} weighed most: {'+' if value > 0 else ''}{money(value)}"
    else:
        title = "Nothing moved ARR in twelve months"
    return Chart(
        key=key,
        kind="waterfall",
        title=title,
        categories=[name for name, _ in bars],
        series=[Series(name="ARR", values=[value for _, value in bars])] if moved.start or changes else [],
        totals=[0, len(bars) - 1],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        category_label="Step",
    )


@register_panel
class ContractLines(Panel):
    """What the customer pays for now, with each line's monthly amount in the contract's currency."""

    key = "finance.contract_lines"
    title = "Contract lines running now"
    template = "finance/panels/contract_lines.html"
    category = REVENUE
    span = 12
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        running = (
            ContractLine.objects.filter(
                Q(end_on=None) | Q(end_on__gt=as_of),
                contract__account=account,
                contract__deleted_at=None,
                deleted_at=None,
                start_on__lte=as_of,
            )
            .annotate(number=F("contract__number"), currency=F("contract__currency"))
            .order_by("product", "start_on", "pk")[: MOST_LINES + 1]
        )
        lines = list(running)
        return {
            "lines": [
                {
                    "product": line.product,
                    "contract": line.number or "–",
                    "quantity": line.quantity.normalize(),
                    "amount": line.amount,
                    "period": BillingPeriod(line.billing_period).label.lower(),
                    "discount": line.discount_percent.normalize() if line.discount_percent else None,
                    "mrr": None if (mrr := monthly_amount(line)) is None else mrr,
                    "currency": line.currency,
                    "is_trial": line.is_trial,
                    "start_on": line.start_on,
                    "end_on": line.end_on,
                }
                for line in lines[:MOST_LINES]
            ],
            "has_more": len(lines) > MOST_LINES,
        }


@register_panel
class Renewals(Panel):
    """Which contracts end, when notice must be given, and whether they renew by themselves."""

    key = "finance.renewals"
    title = "Renewals and notice"
    template = "finance/panels/renewals.html"
    category = CONTRACTS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        contracts = Contract.objects.filter(
            Q(end_on=None) | Q(end_on__gte=as_of), account=account, deleted_at=None, start_on__lte=as_of
        ).order_by(F("end_on").asc(nulls_last=True), "pk")[:10]
        return {"contracts": [_contract(contract, as_of) for contract in contracts]}


def _contract(contract: Contract, as_of: date) -> dict[str, Any]:
    notice = (
        contract.end_on - timedelta(days=contract.notice_days)
        if contract.end_on and contract.notice_days
        else None
    )
    left = (contract.end_on - as_of).days if contract.end_on else None
    return {
        "number": str(contract),
        "end_on": contract.end_on,
        "notice_on": notice,
        "notice_text": _notice_text(notice, as_of),
        "notice_is_past": notice is not None and notice < as_of,
        "tone": "neutral" if left is None or left > 90 else "red" if left <= 30 else "amber",
        "left": format_distance(left) if left is not None else "open-ended",
        "auto_renew": contract.auto_renew,
        "renewal_months": contract.renewal_months,
        "payment_terms_days": contract.payment_terms_days,
    }


def _notice_text(notice: date | None, as_of: date) -> str:
    if notice is None:
        return "No notice period"
    if notice < as_of:
        return f"Notice was due {format_date(notice)}"
    return f"Notice by {format_date(notice)}, {format_distance((notice - as_of).days)}"


@register_panel
class RevenueByProduct(Panel):
    """Which products the recurring revenue comes from today."""

    key = "finance.revenue_by_product"
    title = "Revenue by product"
    template = "accounts/panels/chart.html"
    category = REVENUE
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        lines = ContractLine.objects.filter(
            Q(end_on=None) | Q(end_on__gt=as_of),
            contract__account=account,
            contract__deleted_at=None,
            deleted_at=None,
            start_on__lte=as_of,
        ).annotate(currency=F("contract__currency"))
        rates = rates_on(as_of)
        totals: dict[str, Any] = {}
        missing: set[str] = set()
        for line in lines[:2000]:
            mrr, rate = monthly_amount(line), rates.get(line.currency)
            if mrr is None:
                continue
            if rate is None:
                missing.add(line.currency)
                continue
            totals[line.product] = totals.get(line.product, 0) + mrr * rate * 12
        ranked = sorted(((value, name) for name, value in totals.items() if value), reverse=True)[:10]
        whole = sum(value for value, _ in ranked)
        title = (
            f"{ranked[0][1]} brings {format_percent(ranked[0][0] / whole, 0)} of ARR"
            if whole
            else "No recurring revenue"
        )
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="bar",
                title=title,
                categories=[name for _, name in ranked],
                series=[Series(name="ARR", values=[value for value, _ in ranked], tone="accent")]
                if ranked
                else [],
                unit="money",
                currency=settings.REPORTING_CURRENCY,
                decimals=0,
                category_label="Product",
                note=f"Without amounts in {', '.join(sorted(missing))}: no exchange rate." if missing else "",
            )
        }


register_lens(
    Lens(
        key="finance",
        label="Finance",
        order=50,
        functions=(F_.FINANCE,),
        panels=(
            "finance.arr_movements",
            "finance.arr_by_month",
            "finance.contract_lines",
            "finance.renewals",
            "finance.revenue_by_product",
        ),
        columns=(
            "accounts.tier",
            "finance.arr",
            "finance.mrr",
            "finance.nrr",
            "finance.renewal_on",
            "metrics.health_score",
            "accounts.lifecycle",
            "accounts.owner",
        ),
    )
)
