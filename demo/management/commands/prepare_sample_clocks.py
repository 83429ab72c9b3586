"""Tell the clocks of the sample company's tickets."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.clocks import begin_clocks, count_by_clocks


class Command(BaseCommand):
    help = (
        "Tell every ledger of the sample company anew, from the tiers that accounts had, and count by them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        told = begin_clocks()
        self.stdout.write(f"Clocks of {told} tickets told, and counted on {count_by_clocks()} days.")
