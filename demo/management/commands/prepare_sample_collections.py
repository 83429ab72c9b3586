"""Have the sample company ask its customers who are overdue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.finance.dunning import collect


class Command(BaseCommand):
    help = (
        "Publish the sample company’s dunning policy as of then, and tell whom it asked since. What is there already "
        "is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write("Customers asked." if collect() else "A policy was published already.")
