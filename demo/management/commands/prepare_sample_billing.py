"""Let the sample company bill some of its customers here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.finance.billing import bill_customers


class Command(BaseCommand):
    help = (
        "Agree how some customers of the sample company are billed here, and tell their bills and payments until "
        "today. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write("Customers billed." if bill_customers() else "Customers were billed already.")
