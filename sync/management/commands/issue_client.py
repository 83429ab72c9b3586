"""Print a new OAuth 2 client id and secret for a source."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from people.functions import Function
from sync.services import issue_credential


class Command(BaseCommand):
    """``manage.py issue_client --source salesforce --scope '*:write'``; the secret is shown only now."""

    help = "Print a new OAuth client id and its secret. Creates the source and its client where they are missing."

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
        parser.add_argument("--rate", type=int, default=None, help="Calls a minute of all its tokens.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print id and secret on a line each on stdout alone, so that a script can capture them."""
        try:
            issued = issue_credential(
                source=options["source"],
                scopes=options["scope"],
                name=options["name"],
                function=options["function"],
                rate=options["rate"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(
            f"Client id and secret of {issued.credential.client}; the secret is shown only once."
        )
        self.stdout.write(issued.credential.key)
        self.stdout.write(issued.secret)
