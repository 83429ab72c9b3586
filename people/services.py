"""Writes about users and the access policy."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from people.functions import Function
from people.models import AccessGrant, Category, Level, User


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    function: str,
    password: str | None = None,
    title: str = "",
    time_zone: str = "UTC",
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """Create a person who can sign in; without a password only by OIDC or after a reset.

    Raises ValidationError naming the field where the address is taken or a value is unknown.
    """
    user = User(
        email=email.strip().lower(),
        name=name.strip(),
        function=function,
        title=title,
        time_zone=time_zone,
        is_staff=is_staff,
        is_superuser=is_superuser,
    )
    user.set_password(password)
    user.full_clean()
    user.save()
    return user


@transaction.atomic
def change_access(*, levels: Mapping[tuple[str, str], str]) -> int:
    """Set the level of each (function, category) pair; return how many changed.

    Locks the changed rows in the order of their keys. RevOps and leadership always read everything:
    asking for less raises ValidationError, as does an unknown name.
    """
    for (function, category), level in levels.items():
        if function not in Function.values or category not in Category.values or level not in Level.values:
            raise ValidationError(f"Unknown function, category or level: {function}, {category}, {level}.")
        if function in (Function.REVOPS, Function.LEADERSHIP) and level != Level.FULL:
            raise ValidationError(f"{Function(function).label} reads every category; this can't be narrowed.")
    changed = 0
    grants = AccessGrant.objects.select_for_update().order_by("function", "category")
    held = {(grant.function, grant.category): grant for grant in grants}
    for pair, level in levels.items():
        grant = held.get(pair) or AccessGrant(function=pair[0], category=pair[1])
        if grant.pk is None or grant.level != level:
            grant.level = level
            grant.save()
            changed += 1
    return changed
