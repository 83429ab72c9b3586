"""The clocks of the sample company's tickets, as if its policies had counted ever since."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import DateTimeField, F
from django.db.models.functions import Cast

from metrics.engine.store import store_metric, store_segments
from metrics.models import MetricValue
from metrics.registry import metrics, segment_metrics
from people.models import Notice
from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_tickets
from support.escalations.topics import BREACHES, WARNINGS
from support.models import CalendarVersion, Clock, ClockEntry, Firing, PolicyTenure, Ticket
from support.policies.tenures import review_tenures

# Numbers that ledgers are read for.
BY_CLOCKS = (
    "support.late_urgent_tickets",
    "support.first_response_attainment",
    "support.resolution_attainment",
    "support.breaches_90d",
    "support.first_response_open_minutes",
    "support.agreed_missed_month",
    "finance.service_credits",
)
SEGMENTS_BY_CLOCKS = ("support.first_response_attainment:segments", "support.resolution_attainment:segments")
LARGEST_ID = 2**63 - 1


def begin_clocks() -> int:
    """Tell every ledger from the tiers that accounts had and the policies in force; return how many.

    While the company is loaded, workers write down what is promised from minute to minute: other tiers, and no desk
    that is open yet. A company that has worked so for years has none of that in its ledgers.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Workers that are just telling ledgers end first, and none begins.
            cursor.execute(
                "LOCK TABLE support_policytenure, support_clock, support_clockentry IN SHARE ROW EXCLUSIVE MODE"
            )
        Firing.objects.all().delete()
        Notice.objects.filter(topic__in=(WARNINGS, BREACHES)).delete()
        ClockEntry.objects.all().delete()
        Clock.objects.all().delete()
        PolicyTenure.objects.all().delete()
        # The desks wrote their hours down when these began, not when the company was loaded.
        late = CalendarVersion.objects.filter(created_at__date__gt=F("starts_on"))
        late.update(created_at=Cast("starts_on", DateTimeField()))
        mark_tickets(Ticket.objects.all())
    review_tenures()
    return keep_clocks()


def count_by_clocks() -> int:
    """Count again what ledgers are read for, on the days whose numbers were made before them; return how many days."""
    days = list(MetricValue.objects.order_by("as_of").values_list("as_of", flat=True).distinct())
    for day in days:
        for key in BY_CLOCKS:
            store_metric(metrics[key], day, 0, LARGEST_ID)
        for key in SEGMENTS_BY_CLOCKS:
            store_segments(segment_metrics[key], day)
    return len(days)
