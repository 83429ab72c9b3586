"""Have the workers make the sample company's nights before today's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.urls import reverse

from demo.nights import make_nights


class Command(BaseCommand):
    help = "Let the workers make the 30 nights before today, while the pages can be used already."

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin and say where it can be watched."""
        begun = make_nights()
        self.stdout.write(
            f"The workers go on with the 30 nights before today: {reverse('metrics:backfill', args=[begun.pk])}"
            if begun
            else "Nights were asked for already."
        )
