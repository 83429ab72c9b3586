"""Let the sample company bill some of its customers here, note what customers object to, and what support costs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.finance.billing import bill_customers
from demo.finance.costs import set_cost_rates
from demo.finance.disputes import note_disputes


class Command(BaseCommand):
    help = (
        "Note what customers of the sample company object to, agree how some are billed here, and tell their bills and "
        "payments until today; enter what an hour of support costs. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write(f"{note_disputes()} disputes noted.")
        self.stdout.write(f"{set_cost_rates()} cost rates entered.")
        self.stdout.write("Customers billed." if bill_customers() else "Customers were billed already.")
