"""Tell the clocks of the sample company's tickets."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.clocks import begin_clocks


class Command(BaseCommand):
    help = "Tell every ledger of the sample company anew, from the tiers that accounts had and the policies in force."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        self.stdout.write(f"Clocks of {begin_clocks()} tickets told.")
