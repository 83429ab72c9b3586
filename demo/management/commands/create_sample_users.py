"""Create the people of the sample company: one login per function, and the colleagues who own accounts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from demo import team
from people.models import User
from people.services import create_user


class Command(BaseCommand):
    help = (
        "Create the sample company's people: one login per function, all with the one documented password, "
        "and colleagues who can't sign in. Those who exist are left as they are."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create whoever is missing and say how many that were."""
        known = set(
            User.objects.filter(email__in=[p.email for p in team.EVERYONE]).values_list("email", flat=True)
        )
        missing = [person for person in team.EVERYONE if person.email not in known]
        for person in missing:
            create_user(
                email=person.email,
                password=team.PASSWORD if person.has_login else None,
                name=person.name,
                function=person.function,
                title=person.title,
                time_zone=person.time_zone,
            )
        self.stdout.write(f"{len(missing)} people created, {len(known)} already there.")
