"""Print a new token for a client of a source."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from people.functions import Function
from sync.services import issue_token


class Command(BaseCommand):
    """``manage.py issue_token --source salesforce --scope '*:write'``; the secret is shown only now."""

    help = "Print a new API token for a source. Creates the source and its client where they are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", required=True, help="Slug of the source, such as salesforce.")
        parser.add_argument(
            "--scope", action="append", required=True, help="accounts:write, '*:read', …; may be repeated."
        )
        parser.add_argument("--name", default="", help="Name of the client; by default that of the source.")
        parser.add_argument(
            "--function", default=Function.REVOPS, choices=Function.values, help="Whose eyes it reads with."
        )
        parser.add_argument("--days", type=int, default=None, help="Days until it expires; by default never.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the secret on stdout alone, so that a script can capture it."""
        try:
            issued = issue_token(
                source=options["source"],
                scopes=options["scope"],
                name=options["name"],
                function=options["function"],
                days=options["days"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(f"Token for {issued.token.client}; it is shown only this once.")
        self.stdout.write(issued.secret)
