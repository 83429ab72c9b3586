"""Let the support desks of the sample company have their hours."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.calendars import open_desks


class Command(BaseCommand):
    help = (
        "Write the calendars of the sample company's support desks. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = open_desks()
        self.stdout.write(f"{count} desks opened." if count else "The desks were open already.")
