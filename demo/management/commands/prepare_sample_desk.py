"""Let the support desk of the sample company have its people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.desk import staff_desk


class Command(BaseCommand):
    help = "Write skills, teams and absences of the sample company. What is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = staff_desk()
        self.stdout.write(f"{count} teams staffed." if count else "The teams were staffed already.")
