"""Note what customers of the sample company object to, and objected to."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.finance.disputes import note_disputes


class Command(BaseCommand):
    help = (
        "Open a dispute of the largest line of each sample invoice that billing remarks one of, and tell some that "
        "have ended. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say how many."""
        self.stdout.write(f"{note_disputes()} disputes noted.")
