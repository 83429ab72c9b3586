"""What finance shows of an account: its columns and its lens. Panels stand beside what they show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings

from accounts.lenses import Column, Lens, register_column, register_lens, register_panel
from common.formatting import format_distance, format_money
from finance import home as _home  # noqa: F401 - declares the home cards
from finance.billing import panels as _billing  # noqa: F401 - declares the panel
from finance.clauses import allowed as _allowed  # noqa: F401 - declares the panel
from finance.clauses import credits as _credits  # noqa: F401 - declares the panel
from finance.clauses import home as _clauses_home  # noqa: F401 - declares the home cards of legal
from finance.clauses import panels as _clauses  # noqa: F401 - declares the panels
from finance.collections import panels as _collections  # noqa: F401 - declares the panel
from finance.contracts import health as _contract_health  # noqa: F401 - declares the panel
from finance.contracts import panels as _contracts  # noqa: F401 - declares the panels
from finance.costs import panels as _costs  # noqa: F401 - declares the panel
from finance.entitlements import GROUP
from finance.invoices import home as _invoices_home  # noqa: F401 - declares the home cards
from finance.invoices import panels as _invoices  # noqa: F401 - declares the panels
from finance.obligations import panels as _obligations  # noqa: F401 - declares the panel
from finance.revenue import panels as _revenue  # noqa: F401 - declares the panels
from people.functions import Function
from people.models import Category, Level
from tiers.entitlements.panel import EntitlementPanel

REVENUE = Category.REVENUE
TOTALS = Level.TOTALS

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

register_column(
    Column(
        key="finance.balance",
        label="Balance",
        field="standing__balance",
        kind="money",
        category=Category.FINANCIAL_HEALTH,
        explain="finance.balance",
        help="Invoices less credit notes less payments",
    )
)
register_column(
    Column(
        key="finance.overdue",
        label="Overdue",
        field="standing__overdue",
        kind="money",
        category=Category.FINANCIAL_HEALTH,
        explain="finance.overdue",
        help="Open past the due date and not disputed",
    )
)


@register_panel
class FinanceEntitlements(EntitlementPanel):
    """Which terms finance and legal may grant, each value with what gave it."""

    key = "finance.entitlements"
    title = "Terms this account is entitled to"
    group = GROUP
    is_lazy = True


register_lens(
    Lens(
        key="finance",
        label="Finance",
        order=50,
        functions=(Function.FINANCE,),
        panels=(
            "finance.balance",
            "finance.paying",
            "finance.arr_movements",
            "finance.arr_by_month",
            "finance.renewals",
            "metrics.health_makeup",
            "finance.margin",
            "finance.cost_to_serve",
            "finance.contract_health",
            "finance.entitlements",
            "finance.billing",
            "finance.collections",
            "pods.tasks",
            "finance.contract_lines",
            "finance.revenue_by_product",
            "finance.service_credits",
        ),
        columns=(
            "accounts.tier",
            "finance.arr",
            "finance.mrr",
            "finance.nrr",
            "finance.balance",
            "finance.overdue",
            "finance.renewal_on",
            "metrics.health_score",
            "accounts.lifecycle",
            "accounts.owner",
        ),
    )
)

register_lens(
    Lens(
        key="legal",
        label="Legal",
        order=55,
        functions=(Function.LEGAL,),
        panels=(
            "finance.deviations",
            "finance.approvals",
            "finance.obligations",
            "finance.clauses",
            "finance.renewals",
            "finance.allowed",
            "finance.deviations_by_clause",
            "metrics.health_makeup",
            "finance.contract_health",
            "finance.entitlements",
        ),
        columns=(
            "accounts.tier",
            "finance.renewal_on",
            "accounts.lifecycle",
            "accounts.owner",
        ),
    )
)
