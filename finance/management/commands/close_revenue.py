"""``manage.py close_revenue``: publish the months that have ended, as the night does."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from finance.revenue.publication import close_months
from metrics.engine.plan import today


class Command(BaseCommand):
    help = "Close every month that has ended by a day; what is known later restates it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="Default: yesterday.")

    def handle(self, *args: Any, **options: Any) -> None:
        until = options["until"] or today() - timedelta(days=1)
        try:
            closed = close_months(until=until)
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        if closed:
            self.stdout.write(f"Closed {', '.join(f'{month:%Y-%m}' for month in closed)}.")
        else:
            self.stdout.write("No month was open that has ended.")
