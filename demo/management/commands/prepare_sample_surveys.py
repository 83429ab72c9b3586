"""Have the sample company ask some of its customers how they find it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.surveys import ask_customers


class Command(BaseCommand):
    help = (
        "Ask customers of the sample company about tickets and whether they would recommend it, and answer for some. "
        "What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = ask_customers()
        self.stdout.write(f"{count} customers asked." if count else "They were asked already.")
