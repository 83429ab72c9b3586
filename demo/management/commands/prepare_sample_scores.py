"""Give the sample company its point models, before its history is made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo.score_models import draft_intent, publish_fit


class Command(BaseCommand):
    help = (
        "Publish the sample company's fit model and draft its next intent model, before the first refresh. "
        "What is there already is left as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        done = [publish_fit(), draft_intent()]
        self.stdout.write("Point models prepared." if any(done) else "Point models were there already.")
