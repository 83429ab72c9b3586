"""Have the sample company look at how its customers are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.checks import check_customers


class Command(BaseCommand):
    help = (
        "Open the health checks of the sample company that are due now and complete some. What is there already is "
        "left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = check_customers()
        self.stdout.write(f"{count} health checks opened." if count else "They were opened already.")
