"""Let the sample company amend contracts and note what they oblige to, after its clauses are in use."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.finance.agreements import amend_and_oblige


class Command(BaseCommand):
    help = (
        "Amend contracts of the sample company and note obligations, after the first refresh. What is there already "
        "is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write("Contracts amended." if amend_and_oblige() else "Contracts were amended already.")
