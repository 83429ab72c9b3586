"""Finance's entries of the left navigation."""

from django.http import HttpRequest

from common.navigation import NavItem, register_nav
from people.access import request_access
from people.functions import Function
from people.models import Category, Level


def reads_contracts(request: HttpRequest) -> bool:
    """Return whether the reader may see contracts."""
    return request_access(request).allows(Category.CONTRACTS)


def reads_revenue(request: HttpRequest) -> bool:
    """Return whether the reader may see totals of revenue."""
    return request_access(request).allows(Category.REVENUE, Level.TOTALS)


def reads_invoices(request: HttpRequest) -> bool:
    """Return whether the reader may see invoices and payments."""
    return request_access(request).allows(Category.FINANCIAL_HEALTH)


for place, (key, label, icon) in enumerate(
    (
        ("invoices", "Invoices", "file-invoice"),
        ("drafts", "Invoice drafts", "file-pencil"),
        ("payments", "Payments", "credit-card"),
        ("ageing", "Ageing", "calendar-due"),
    )
):
    register_nav(
        NavItem(
            key=f"finance.{key}",
            label=label,
            icon=icon,
            url_name=f"finance:{key}",
            group="Finance",
            order=70 + place,
            functions_first=(Function.FINANCE,),
            visible=reads_invoices,
        )
    )

register_nav(
    NavItem(
        key="finance.retention",
        label="Retention",
        icon="trending-up",
        url_name="finance:retention",
        group="Company",
        order=55,
        functions_first=(Function.FINANCE, Function.LEADERSHIP),
        visible=reads_revenue,
    )
)


def reads_financial_health(request: HttpRequest) -> bool:
    """Return whether the reader may see invoices, payments and collections."""
    return request_access(request).allows(Category.FINANCIAL_HEALTH)


register_nav(
    NavItem(
        key="finance.contracts",
        label="Contracts",
        icon="file-text",
        url_name="finance:contracts",
        group="Company",
        order=60,
        functions_first=(Function.LEGAL, Function.FINANCE),
        visible=reads_contracts,
    )
)
register_nav(
    NavItem(
        key="finance.renewals",
        label="Renewals",
        icon="calendar",
        url_name="finance:renewals",
        group="Company",
        order=65,
        functions_first=(Function.LEGAL, Function.FINANCE),
        visible=reads_contracts,
    )
)
register_nav(
    NavItem(
        key="finance.collections",
        label="Collections",
        icon="wallet",
        url_name="finance:collections",
        group="Finance",
        order=58,
        functions_first=(Function.FINANCE, Function.CUSTOMER_SUCCESS),
        visible=reads_financial_health,
    )
)
register_nav(
    NavItem(
        key="finance.deviations",
        label="Deviations",
        icon="scale",
        url_name="finance:deviations",
        group="Company",
        order=62,
        functions_first=(Function.LEGAL,),
        visible=reads_contracts,
    )
)
register_nav(
    NavItem(
        key="finance.clauses",
        label="Clauses",
        icon="book",
        url_name="finance:clauses",
        group="Company",
        order=63,
        functions_first=(Function.LEGAL,),
        visible=reads_contracts,
    )
)
register_nav(
    NavItem(
        key="finance.obligations",
        label="Obligations",
        icon="checklist",
        url_name="finance:obligations",
        group="Company",
        order=66,
        functions_first=(Function.LEGAL,),
        visible=reads_contracts,
    )
)


def reads_cost_rates(request: HttpRequest) -> bool:
    """Return whether the reader may see what functions and accounts cost."""
    return request_access(request).allows(Category.COST_RATES)


register_nav(
    NavItem(
        key="finance.cost_to_serve",
        label="Cost to serve",
        icon="report-money",
        url_name="finance:cost_to_serve",
        group="Finance",
        order=76,
        functions_first=(Function.FINANCE,),
        visible=reads_cost_rates,
    )
)
