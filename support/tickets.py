"""Reads of one ticket beside its clocks and its story: what else its account asks."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Q, Value, When

from support.models import Ticket

MOST_OTHERS = 6


def others_of(ticket: Ticket) -> list[Ticket]:
    """Return other tickets of the account, those about the same area first, then the newest."""
    same = Q(product_area=ticket.product_area) & ~Q(product_area="")
    rank = Case(When(same, then=Value(0)), default=Value(1), output_field=IntegerField())
    others = Ticket.objects.live().filter(account=ticket.account_id).exclude(pk=ticket.pk)
    return list(others.order_by(rank, "-opened_at", "-pk")[:MOST_OTHERS])
