"""Let the sample company's support promise resolutions."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.policies import promise_resolutions


class Command(BaseCommand):
    help = "Publish what the sample company's support promises. Policies that somebody has written are left."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        held = promise_resolutions()
        self.stdout.write(f"{held} of the policies is in force." if held else "There were policies already.")
