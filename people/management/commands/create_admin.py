"""Create the first person of RevOps, who then creates the others on the users page."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from people.functions import Function
from people.models import User
from people.services import create_user, generate_password


class Command(BaseCommand):
    help = "Create a RevOps user, who manages users and access. Asks nothing; run twice, it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, help="The address to sign in with.")
        parser.add_argument("--name", default="", help="Full name; without it, made from the address.")
        parser.add_argument("--password", help="Without it, one is generated and printed once.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the user, or say that there is one already; exits 1 where an option is unusable."""
        email: str = options["email"].strip().lower()
        existing = User.objects.filter(email=email).first()
        if existing is not None:
            self._report(existing)
            return
        password = options["password"] or generate_password()
        name = options["name"].strip() or email.partition("@")[0].replace(".", " ").title()
        try:
            if options["password"]:
                validate_password(password, User(email=email, name=name))
            create_user(email=email, name=name, function=Function.REVOPS, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Created {name} <{email}> with the function RevOps.")
        if not options["password"]:
            self.stdout.write(f"Password, shown only now: {password}")

    def _report(self, user: User) -> None:
        """Say what is there; a person of another function is not promoted by the way."""
        state = f"{user.email} is a user already, with the function {user.get_function_display()}"
        if user.function == Function.REVOPS and user.is_active:
            self.stdout.write(f"{state}. Nothing was changed.")
            return
        reason = "deactivated" if user.function == Function.REVOPS else "no admin"
        raise CommandError(
            f"{state}, and is {reason}. Somebody of RevOps can change that on the users page; "
            "if there is nobody, choose another address here."
        )
