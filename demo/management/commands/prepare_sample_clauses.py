"""Put the sample company's clauses to use, after its first refresh."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.clauses import put_clauses_to_use


class Command(BaseCommand):
    help = (
        "Write down what the sample company's contracts say, and ask for and decide deviations from its clauses, "
        "after the first refresh. What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        done = put_clauses_to_use()
        self.stdout.write("Clauses put to use." if done else "Clauses were in use already.")
