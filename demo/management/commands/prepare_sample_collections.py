"""Have the sample company ask its customers who are overdue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.dunning_policy import publish_first_policy


class Command(BaseCommand):
    help = "Publish the sample company's dunning policy. What is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write(
            "Dunning policy published." if publish_first_policy() else "A policy was published already."
        )
