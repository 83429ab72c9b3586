"""Let the support desk of the sample company have its people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.desk import look_after, note_time, staff_desk
from demo.incoming import come_in


class Command(BaseCommand):
    help = (
        "Write skills, teams, absences, named engineers, time on tickets and the tickets of the last hours. "
        "What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        count = staff_desk()
        self.stdout.write(f"{count} teams staffed." if count else "The teams were staffed already.")
        self.stdout.write(f"{look_after()} accounts have a named engineer now.")
        self.stdout.write(f"Time is written down on {note_time()} tickets.")
        self.stdout.write(f"{come_in()} tickets came in within the last hours.")
