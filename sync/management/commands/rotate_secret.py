"""Print a new secret of an OAuth 2 client."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync.models import ClientCredential
from sync.services import rotate_secret


class Command(BaseCommand):
    """``manage.py rotate_secret abec_…``; the old secret ends at once."""

    help = "Give an OAuth client a new secret and print it. The old one ends at once; tokens live out their hour."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the argument."""
        parser.add_argument("client_id", help="As the program sends it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the secret on stdout alone, so that a script can capture it."""
        held = ClientCredential.objects.filter(key=options["client_id"]).first()
        if held is None:
            raise CommandError(f"There is no client {options['client_id']!r}.")
        try:
            issued = rotate_secret(credential=held)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(f"New secret of {issued.credential}; it is shown only this once.")
        self.stdout.write(issued.secret)
