"""``manage.py check_health``: prove that every stored score, and every change, is the sum of what is told."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.health.proof import prove_sums

MOST_TOLD = 20


class Command(BaseCommand):
    help = "Prove that every stored health score and every change between stored days adds up."

    def handle(self, *args: Any, **options: Any) -> None:
        proof = prove_sums()
        for told in proof.wrong[:MOST_TOLD]:
            self.stderr.write(told)
        counted = (
            f"{proof.accounts} accounts: {proof.scores} scores and {proof.changes} changes, "
            f"{proof.across_models} of them across models"
        )
        if proof.wrong:
            raise CommandError(f"{len(proof.wrong)} sums are wrong. Looked at {counted}.")
        self.stdout.write(f"Everything adds up. Looked at {counted}.")
