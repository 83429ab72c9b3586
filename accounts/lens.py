"""The lenses of no single function, and the columns that the account itself owns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from accounts import home_cards as _home_cards  # noqa: F401 - declares the home cards
from accounts import panels as _panels  # noqa: F401 - declares the panels
from accounts.identity import home as _identity  # noqa: F401 - declares a home card
from accounts.lenses import Chip, Chips, Column, Lens, register_chips, register_column, register_lens
from accounts.lists import panels as _lists  # noqa: F401 - declares a panel
from accounts.lists.names import LISTS, LISTS_FIELD
from accounts.models import Account, Lifecycle
from people.absences.rota import Rota, seen_at
from people.functions import Function
from people.models import Category

PROFILE = Category.ACCOUNT_PROFILE

register_column(Column(key="accounts.name", label="Account", field="name", category=PROFILE))
register_column(
    Column(
        key="accounts.tier",
        label="Tier",
        field="standing__tier_id",
        kind="tier",
        extra=("standing__tier__slug", "standing__tier__label"),
        category=PROFILE,
    )
)
register_column(
    Column(
        key="accounts.lifecycle",
        label="Lifecycle",
        field="lifecycle",
        kind="choice",
        choices={value: str(label) for value, label in Lifecycle.choices},
        category=PROFILE,
    )
)
register_column(Column(key="accounts.industry", label="Industry", field="industry", category=PROFILE))
register_column(
    Column(key="accounts.country", label="Country", field="country", kind="country", category=PROFILE)
)
register_column(
    Column(
        key="accounts.employees",
        label="Employees",
        field="employees",
        kind="number",
        unit="people",
        category=PROFILE,
    )
)
register_column(Column(key="accounts.domain", label="Domain", field="domain", category=PROFILE))
register_column(
    Column(key="accounts.owner", label="Owner", field="owner_email", category=Category.ACCOUNT_TEAM)
)
register_column(
    Column(key="accounts.sponsor", label="Sponsor", field="sponsor_email", category=Category.ACCOUNT_TEAM)
)

register_column(
    Column(
        key=LISTS,
        label="Target lists",
        field=LISTS_FIELD,
        category=PROFILE,
        help="The target lists that the account is on, of those that you see.",
    )
)


def _away(account: Account, day: date) -> Sequence[Chip]:
    """Say who of those who look after the account is away, and who stands in."""
    if not getattr(
        account, "has_absent", True
    ):  # The account page has asked already, in the query for its header.
        return []
    rota = Rota.read(seen_at(day))
    team = {account.owner_email, account.sponsor_email} - {""}
    return [
        Chip(
            text=f"{absence.person} {rota.told(absence.person_id)}",
            tone="amber",
            category=Category.ACCOUNT_TEAM,
            title="Account owner" if absence.person.email == account.owner_email else "Executive sponsor",
        )
        for absence in rota.away.values()
        if absence.person.email in team
    ]


register_chips(Chips(key="accounts.away", query=_away))

LIST = ("accounts.tier", "metrics.health_score", "metrics.health_change", "finance.arr", "finance.nrr")

register_lens(
    Lens(
        key="overview",
        label="Overview",
        order=10,
        functions=(Function.REVOPS, Function.PEOPLE),
        panels=(
            "pods.signals",
            "pods.tasks",
            "metrics.health_makeup",
            "metrics.health_trend",
            "finance.arr_by_month",
            "tiers.path",
            "tiers.entitlements",
            "accounts.key_facts",
            "tiers.history",
        ),
        columns=(*LIST, "finance.renewal_on", "accounts.lifecycle", "accounts.owner"),
    )
)
register_lens(
    Lens(
        key="sales",
        label="Sales",
        order=20,
        functions=(Function.SALES,),
        panels=(
            "pods.signals",
            "pods.tasks",
            "finance.renewals",
            "finance.allowed",
            "finance.arr_movements",
            "metrics.health_makeup",
            "engagement.opportunities",
            "engagement.scores",
            "engagement.committee",
            "tiers.path",
            "tiers.entitlements",
            "engagement.last_touches",
            "accounts.lists",
        ),
        columns=(
            *LIST,
            "finance.renewal_on",
            "engagement.last_touch_on",
            "accounts.industry",
            "accounts.owner",
        ),
    )
)
register_lens(
    Lens(
        key="success",
        label="Success",
        order=30,
        functions=(Function.CUSTOMER_SUCCESS,),
        panels=(
            "pods.signals",
            "pods.tasks",
            "metrics.health_makeup",
            "metrics.health_trend",
            "metrics.health_green",
            "product.usage_by_day",
            "support.open_tickets",
            "tiers.entitlements",
            "finance.allowed",
            "tiers.path",
            "engagement.opportunities",
            "engagement.committee",
            "finance.collections",
            "pods.health_checks",
            "pods.surveys",
            "engagement.last_touches",
        ),
        columns=(
            *LIST,
            "finance.renewal_on",
            "support.open_tickets",
            "product.usage_trend",
            "engagement.last_touch_on",
        ),
    )
)
register_lens(
    Lens(
        key="leadership",
        label="Leadership",
        order=90,
        functions=(Function.LEADERSHIP,),
        panels=(
            "pods.signals",
            "metrics.health_makeup",
            "metrics.health_green",
            "finance.renewals",
            "metrics.health_trend",
            "engagement.committee",
            "finance.arr_movements",
            "finance.arr_by_month",
            "pods.tasks",
            "finance.margin",
            "tiers.path",
        ),
        columns=(
            *LIST,
            "metrics.sentiment",
            "metrics.disagreements",
            "finance.renewal_on",
            "accounts.owner",
        ),
    )
)
