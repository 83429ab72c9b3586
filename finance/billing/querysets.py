"""Reads of billing arrangements and milestones that compose."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from common.versions.models import DatedVersionQuerySet, VersionState
from sync.models import OWN_SLUG, Link

if TYPE_CHECKING:
    from finance.models import BillingArrangement, BillingMilestone

MILESTONE = "milestone-"
COUNTS = (VersionState.SCHEDULED, VersionState.PUBLISHED, VersionState.RETIRED)


class BillingArrangementQuerySet(DatedVersionQuerySet["BillingArrangement"]):
    def agreed(self) -> Self:
        """Versions that count, have counted or will, each account's oldest first."""
        return self.filter(state__in=COUNTS).order_by("account_id", "starts_on", "version")

    def in_effect_on(self, day: date) -> Self:
        """The version of each account that counts on a day: of those that have begun the latest, if it hasn't ended."""
        begun = self.filter(state__in=COUNTS, starts_on__lte=day)
        return begun.order_by("account_id", "-starts_on", "-version").distinct("account_id")


class BillingMilestoneQuerySet(QuerySet["BillingMilestone"]):
    def due_by(self, day: date) -> Self:
        """Milestones that are to be billed by a day: reached, or their day has come."""
        return self.filter(Q(reached_on__lte=day) | Q(due_on__lte=day))

    def with_invoice(self) -> Self:
        """Annotate ``invoice_id``: the issued invoice that asks for a milestone; null while it isn't billed."""
        from finance.models import Invoice

        name = Concat(Value(MILESTONE), Cast(OuterRef("pk"), CharField()))
        invoices = Link.objects.filter(resource="invoices", source__slug=OWN_SLUG, external_id=name)
        issued = invoices.filter(object_id__in=Invoice.objects.exclude(status="draft").values("pk"))
        return self.annotate(invoice_id=Subquery(issued.values("object_id")[:1]))
