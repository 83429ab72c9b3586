"""The clocks of the sample company's tickets, as if its policies had counted ever since."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import DateTimeField, F
from django.db.models.functions import Cast

from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_tickets
from support.models import CalendarVersion, Clock, ClockEntry, PolicyTenure, Ticket
from support.policies.tenures import review_tenures


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
        ClockEntry.objects.all().delete()
        Clock.objects.all().delete()
        PolicyTenure.objects.all().delete()
        # The desks wrote their hours down when these began, not when the company was loaded.
        late = CalendarVersion.objects.filter(created_at__date__gt=F("starts_on"))
        late.update(created_at=Cast("starts_on", DateTimeField()))
        mark_tickets(Ticket.objects.all())
    review_tenures()
    return keep_clocks()
