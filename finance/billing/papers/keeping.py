"""Keep what the paper of an issued invoice says: it stays so, whatever is renamed or merged later."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.db import transaction

from finance.billing.facts import own_invoices
from finance.billing.papers.invoice import papers_of
from finance.models import Invoice

SLICE = 200


def keep_papers(invoices: Sequence[Invoice]) -> None:
    """Keep the papers of invoices as ``papers_of`` has them, in the caller's transaction."""
    made = papers_of(invoices)
    for invoice in invoices:
        invoice.paper = msgspec.to_builtins(made[invoice.pk])
    Invoice.objects.bulk_update(invoices, ["paper"], batch_size=SLICE)


def keep_older_papers() -> int:
    """Keep the papers of what was issued before papers were kept, by what is known now; return how many.

    In slices of 200, each in a transaction of its own that passes over rows somebody holds, so that it can be stopped
    and goes on where it was. The seller is who sold on the day of issue.
    """
    done, after = 0, 0
    while True:
        with transaction.atomic():
            bare = (
                own_invoices().exclude(status=Invoice.Status.DRAFT).filter(paper__isnull=True, pk__gt=after)
            )
            held = list(
                bare.select_related("account", "corrects")
                .order_by("pk")
                .select_for_update(of=("self",), skip_locked=True)[:SLICE]
            )
            keep_papers(held)
        if not held:
            return done
        done, after = done + len(held), held[-1].pk
