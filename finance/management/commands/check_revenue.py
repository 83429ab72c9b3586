"""``manage.py check_revenue``: prove that the movements of every month and segment add up."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.management.base import BaseCommand, CommandError

from finance.revenue.movements import find_gaps, newest_month


class Command(BaseCommand):
    help = "Check that end = start + new + expansion + reactivation - contraction - churn, to the cent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--months", type=int, default=36, choices=range(1, 241), metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        last = newest_month()
        if last is None:
            raise CommandError("The revenue ledger is empty. Run manage.py refresh first.")
        first = last - relativedelta(months=options["months"] - 1)
        gaps = find_gaps(first, last)
        if gaps:
            raise CommandError("\n".join(gaps))
        self.stdout.write(f"Revenue adds up in every month and segment from {first:%Y-%m} to {last:%Y-%m}.")
