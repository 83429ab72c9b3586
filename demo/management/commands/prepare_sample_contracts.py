"""Put the sample company's clauses to use and let it amend contracts, after its first refresh."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.clauses import put_clauses_to_use
from demo.finance.agreements import amend_and_oblige


class Command(BaseCommand):
    help = (
        "Write down what the sample company's contracts say, ask for and decide deviations from its clauses, amend "
        "contracts and note obligations, after the first refresh. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write("Clauses put to use." if put_clauses_to_use() else "Clauses were in use already.")
        self.stdout.write("Contracts amended." if amend_and_oblige() else "Contracts were amended already.")
