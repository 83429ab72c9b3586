"""What proves that finance works by tier."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, Q
from django.urls import reverse

from finance.models import ClauseFamily, DunningPolicy
from metrics.readiness.registry import Criterion, Figure, Phase, counted, criteria, of_whole
from metrics.readiness.stored import of_segment
from people.models import Category, Level


def _clauses(day: date) -> Figure:
    """Count clause families with a published version."""
    row = ClauseFamily.objects.aggregate(
        part=Count("pk", filter=Q(versions__state="published"), distinct=True),
        whole=Count("pk", distinct=True),
    )
    return of_whole(row["part"], row["whole"], "The clause library is empty.")


for criterion in (
    Criterion(
        key="finance.dunning_in_force",
        phase=Phase.OPERATIONS,
        label="Collections policy in force",
        formula="Published versions of the policy that says whom we ask by mail, and for whom a person is asked first.",
        category=Category.FINANCIAL_HEALTH,
        level=Level.FULL,
        unit="versions",
        measure=lambda _: counted(DunningPolicy.objects.published().count()),
        evidence=lambda: reverse("finance:dunning_policy"),
        action="Publish the policy.",
        is_today_only=True,
        order=30,
    ),
    Criterion(
        key="finance.clauses_in_force",
        phase=Phase.OPERATIONS,
        label="Clause families with agreed wording",
        formula="Families of clauses with a published version, divided by all.",
        category=Category.CONTRACTS,
        level=Level.FULL,
        measure=_clauses,
        evidence=lambda: reverse("finance:clauses"),
        action="Publish what we agree to in each family.",
        is_today_only=True,
        order=40,
    ),
    Criterion(
        key="finance.invoices_accurate",
        phase=Phase.OPERATIONS,
        label="Invoice accuracy",
        formula="Invoices of the last 365 days that were never corrected, divided by all of them.",
        category=Category.FINANCIAL_HEALTH,
        level=Level.FULL,
        measure=of_segment("finance.invoice_accuracy", "No invoice was issued in the last 365 days."),
        evidence=lambda: reverse("finance:invoice_accuracy"),
        action="Look at the causes of corrections, the most frequent first.",
        order=50,
    ),
):
    criteria.register(criterion)
