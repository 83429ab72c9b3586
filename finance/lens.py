"""What finance shows of an account: its columns, panels and lens. The home cards stand in finance/home.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet, Sum

from accounts.lenses import Column, Lens, Panel, register_column, register_lens, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_date, format_distance, format_money, format_percent
from finance import home as _home  # noqa: F401 - declares the home cards
from finance.charts import arr_chart, movement_chart
from finance.entitlements import GROUP, PAYMENT_TERMS
from finance.models import BillingPeriod, Contract, ContractLine, ExchangeRate
from finance.querysets import PERIODS_PER_YEAR
from finance.series import account_series
from people.functions import Function
from people.models import Category, Level
from tiers.entitlements.panel import EntitlementPanel, given_by_tier
from tiers.entitlements.registry import kinds

REVENUE = Category.REVENUE
TOTALS = Level.TOTALS
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
        level=TOTALS,
        explain="finance.renewal_on",
        headline=40,
        note=_renewal_note,
        help="The nearest end of a running contract",
    )
)


@register_panel
class ArrByMonth(Panel):
    """ARR at the end of each month, at today's exchange rates so that only the business moves it."""

    key = "finance.arr_by_month"
    title = "Revenue"
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = REVENUE
    level = TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        return {"chart": arr_chart(f"{self.key}-{account.pk}", account_series(account, as_of), as_of)}


@register_panel
class ArrMovements(Panel):
    """How ARR got from where it stood twelve months ago to where it stands."""

    key = "finance.arr_movements"
    title = "What moved ARR in twelve months"
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = REVENUE
    level = TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        series = account_series(account, as_of)
        return {"chart": movement_chart(f"{self.key}-{account.pk}", series, as_of)}


@register_panel
class ContractLines(Panel):
    """What the customer pays for now, with each line's monthly amount in the contract's currency."""

    key = "finance.contract_lines"
    title = "Contract lines running now"
    explain = "finance.mrr"
    template = "finance/panels/contract_lines.html"
    category = REVENUE
    span = 12
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        with_revenue: QuerySet[Any, Any] = (
            ContractLine.objects.live().running_on(as_of).filter(contract__account=account).with_revenue()
        )
        running = with_revenue.order_by("product", "start_on", "pk").values(
            "product",
            "quantity",
            "amount",
            "billing_period",
            "discount_percent",
            "is_trial",
            "start_on",
            "mrr",
            "contract__number",
            "contract__currency",
            ended_on=F("ends_on"),
        )[: MOST_LINES + 1]
        lines: list[dict[str, Any]] = [dict(line) for line in running]
        return {
            "lines": [
                {
                    "product": line["product"],
                    "contract": line["contract__number"] or "–",
                    "quantity": line["quantity"].normalize(),
                    "amount": line["amount"],
                    "period": BillingPeriod(line["billing_period"]).label.lower(),
                    "discount": line["discount_percent"].normalize() or None,
                    "mrr": line["mrr"] if _is_recurring(line) else None,
                    "currency": line["contract__currency"],
                    "is_trial": line["is_trial"],
                    "start_on": line["start_on"],
                    "end_on": line["ended_on"],
                }
                for line in lines[:MOST_LINES]
            ],
            "has_more": len(lines) > MOST_LINES,
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the lines shown."""
        if not data["lines"]:
            return None
        return table_of(
            "contract-lines",
            data["lines"],
            [
                ("product", "Product", lambda line: line["product"]),
                ("contract", "Contract", lambda line: line["contract"]),
                ("quantity", "Quantity", lambda line: line["quantity"]),
                ("amount", "Amount", lambda line: line["amount"]),
                ("period", "Every", lambda line: line["period"]),
                ("discount", "Discount (%)", lambda line: line["discount"]),
                ("mrr", "MRR", lambda line: line["mrr"]),
                ("currency", "Currency", lambda line: line["currency"]),
                ("is_trial", "Trial", lambda line: line["is_trial"]),
                ("start_on", "From", lambda line: line["start_on"]),
                ("end_on", "Until", lambda line: line["end_on"]),
            ],
        )


def _is_recurring(line: Mapping[str, Any]) -> bool:
    return not line["is_trial"] and line["billing_period"] in PERIODS_PER_YEAR


@register_panel
class Renewals(Panel):
    """Which contracts end, when notice must be given, and whether they renew by themselves."""

    key = "finance.renewals"
    title = "Renewals and notice"
    explain = "finance.renewal_on"
    template = "finance/panels/renewals.html"
    category = CONTRACTS
    span = 12

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        contracts = (
            Contract.objects.running_on(as_of)
            .with_trial_on(as_of)
            .with_next_end(as_of)
            .filter(account=account)
            .order_by(F("next_end").asc(nulls_last=True), "pk")[:10]
        )
        by_tier = " by ".join(given_by_tier(account, PAYMENT_TERMS, as_of))
        return {"contracts": [_contract(contract, as_of, by_tier) for contract in contracts]}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the contracts shown."""
        if not data["contracts"]:
            return None
        return table_of(
            "contracts",
            data["contracts"],
            [
                ("number", "Contract", lambda row: row["number"]),
                ("end_on", "Ends", lambda row: row["end_on"]),
                ("left", "Left", lambda row: row["left"]),
                ("notice_on", "Notice by", lambda row: row["notice_on"]),
                ("auto_renew", "Renews by itself", lambda row: row["auto_renew"]),
                ("renewal_months", "For months", lambda row: row["renewal_months"]),
                ("payment_terms", "Payment terms", lambda row: row["payment_terms"]),
                ("is_trial", "Trial", lambda row: row["is_trial"]),
            ],
        )


@register_panel
class FinanceEntitlements(EntitlementPanel):
    """Which terms finance and legal may grant, each value with what gave it."""

    key = "finance.entitlements"
    title = "Terms this account is entitled to"
    group = GROUP


def _contract(contract: Any, as_of: date, by_tier: str) -> dict[str, Any]:
    end_on: date | None = contract.next_end
    notice: date | None = contract.notice_on
    left = (end_on - as_of).days if end_on else None
    return {
        "number": str(contract),
        "end_on": end_on,
        "notice_on": notice,
        "notice_text": _notice_text(notice, as_of),
        "tone": "neutral" if left is None or left > 90 else "red" if left <= 30 else "amber",
        "left": format_distance(left) if left is not None else "open-ended",
        "is_trial": contract.is_trial,
        "auto_renew": contract.auto_renew,
        "renewal_months": contract.renewal_months,
        "payment_terms": _terms(contract.payment_terms_days) or by_tier,
    }


def _terms(days: int | None) -> str:
    """Return what a contract itself says of payment, empty where it says nothing."""
    if days is None:
        return ""
    own = {"days_from": days, "days_to": days, "options": []}
    return f"{kinds[PAYMENT_TERMS].words(own)} by this contract"


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
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = REVENUE
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        lines = (
            ContractLine.objects.recurring()
            .running_on(as_of)
            .filter(contract__account=account)
            .with_revenue()
            .order_by()
            .values_list("product", "contract__currency")
            .annotate(total=Sum("arr"))
        )
        rates = dict(ExchangeRate.objects.latest_on(as_of).values_list("currency", "rate"))
        rates[settings.REPORTING_CURRENCY] = Decimal(1)
        totals: dict[str, Decimal] = {}
        for product, currency, arr in lines:
            if currency in rates:
                totals[product] = totals.get(product, Decimal(0)) + arr * rates[currency]
        missing = {currency for _, currency, _ in lines if currency not in rates}
        whole = sum(totals.values())
        ranked = sorted(((value, name) for name, value in totals.items() if value), reverse=True)[:10]
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
        functions=(Function.FINANCE,),
        panels=(
            "finance.arr_movements",
            "finance.arr_by_month",
            "finance.renewals",
            "finance.entitlements",
            "finance.contract_lines",
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
