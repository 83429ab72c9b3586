"""Give the sample company its tier rules, before and after its history is made."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from demo.tier_rules import decide_beside_the_rules, publish_version_1


class Command(BaseCommand):
    help = (
        "Publish the sample company's tier rules (--rules, before the first refresh), or draft their next version "
        "and set overrides (--decisions, after it). What is there already is left as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which of the two, and how many months of history there will be."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--rules", action="store_true")
        which.add_argument("--decisions", action="store_true")
        parser.add_argument("--months", type=int, default=12)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        if options["rules"]:
            done = publish_version_1(options["months"])
            self.stdout.write("Tier rules published." if done else "Tier rules were there already.")
        else:
            done = decide_beside_the_rules()
            self.stdout.write("Overrides set." if done else "Overrides were there already, or no rules are.")
