"""Note what customers of the sample company object to: billing knows it as a remark, we as a dispute of a line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from finance.invoices.services import open_dispute
from finance.models import Invoice, InvoiceLine
from people.functions import Function
from people.models import User


class Command(BaseCommand):
    help = "Open a dispute of the largest line of each sample invoice that billing remarks one of, once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say how many."""
        finance = User.objects.filter(function=Function.FINANCE, is_active=True).earliest("pk")
        disputed = (
            Invoice.objects.owed().filter(custom__has_key="dispute", positions__disputes=None).distinct()
        )
        for invoice in disputed:
            if InvoiceLine.objects.filter(invoice=invoice, disputes__isnull=False).exists():
                continue
            largest = InvoiceLine.objects.filter(invoice=invoice).order_by("-total").first()
            if largest is not None:
                open_dispute(line=largest, reason=invoice.custom["dispute"], by=finance)
        self.stdout.write(f"{len(disputed)} disputes noted.")
