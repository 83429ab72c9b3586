"""Let people of the sample company say how they see some accounts, after its numbers are made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.sentiments import say_of_accounts


class Command(BaseCommand):
    help = "Say of some accounts of the sample company how they are seen. What is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = say_of_accounts()
        self.stdout.write(f"Said of {count} accounts." if count else "It was said already, or no scores are.")
