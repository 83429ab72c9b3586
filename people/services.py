"""Writes about users and the access policy."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import pghistory
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from people.access import only_for
from people.functions import Function
from people.models import RESERVED, AccessGrant, Category, Level, User, default_level
from people.policy import FIXED, LevelChange, differences, held_levels, policy_version

# Without letters and digits that people mix up when they read a password out to somebody.
READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
# 20 of 54 letters: 115 bits.
PASSWORD_LENGTH = 20


class PolicyChangedError(Exception):
    """The access policy has changed since the editor read it."""


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
    by: User | None = None,
) -> User:
    """Create a person who can sign in; without a password only by OIDC or after a reset.

    Raises ValidationError naming the field where the address is taken or a value is unknown.
    """
    user = User(
        email=email.strip().lower(),
        name=name.strip(),
        function=function,
        title=title.strip(),
        time_zone=time_zone,
        is_staff=is_staff,
        is_superuser=is_superuser,
    )
    user.set_password(password)
    user.full_clean()
    with pghistory.context(user=_key(by)):
        user.save()
    return user


@transaction.atomic
def change_user(
    *,
    user: User,
    by: User | None,
    email: str,
    name: str,
    function: str,
    title: str,
    time_zone: str,
    is_active: bool,
) -> User:
    """Change what RevOps keeps about a person; takes effect with their next page.

    Locks the user and the active RevOps people, in the order of their keys, so that two people can't remove
    each other as the last one. Raises ValidationError naming the field.
    """
    revops = User.objects.filter(function=Function.REVOPS, is_active=True)
    rows = (revops | User.objects.filter(pk=user.pk)).order_by("pk").select_for_update()
    locked = {row.pk: row for row in rows}
    held = locked[user.pk]
    others = [row for row in locked.values() if row.pk != user.pk and _administers(row)]
    if _administers(held) and not others:
        if function != Function.REVOPS:
            raise ValidationError({"function": _last_one("change")})
        if not is_active:
            raise ValidationError({"is_active": _last_one("deactivate")})
    if by is not None and by.pk == held.pk and not is_active:
        raise ValidationError({"is_active": "You can't deactivate yourself. Ask somebody else of RevOps."})
    held.email = email.strip().lower()
    held.name = name.strip()
    held.function = function
    held.title = title.strip()
    held.time_zone = time_zone
    held.is_active = is_active
    held.full_clean()
    with pghistory.context(user=_key(by)):
        held.save(update_fields=["email", "name", "function", "title", "time_zone", "is_active"])
    return held


def _administers(user: User) -> bool:
    return user.is_active and user.function == Function.REVOPS


def _last_one(verb: str) -> str:
    return (
        f"This is the last active person of RevOps: nobody could manage users and access after this. "
        f"Give somebody else the function RevOps first, then {verb} this one."
    )


@transaction.atomic
def change_profile(*, user: User, name: str, title: str, time_zone: str) -> User:
    """Change what people keep about themselves. Raises ValidationError naming the field."""
    held = User.objects.select_for_update().get(pk=user.pk)
    held.name = name.strip()
    held.title = title.strip()
    held.time_zone = time_zone
    held.full_clean()
    with pghistory.context(user=user.pk):
        held.save(update_fields=["name", "title", "time_zone"])
    return held


@transaction.atomic
def set_password(*, user: User, password: str | None = None) -> str:
    """Replace a password and return it, generated where none is given; ends the person's sessions.

    Raises ValidationError naming ``password`` where the given one is too weak.
    """
    held = User.objects.select_for_update().get(pk=user.pk)
    if password is not None:
        try:
            validate_password(password, held)
        except ValidationError as error:
            raise ValidationError({"password": error.messages}) from error
    chosen = generate_password() if password is None else password
    held.set_password(chosen)
    held.save(update_fields=["password"])
    return chosen


def remove_two_step(*, user: User) -> int:
    """Remove a person's authenticator app and recovery codes; return how many there were."""
    deleted: int = Authenticator.objects.filter(user=user).delete()[0]
    return deleted


def generate_password() -> str:
    """Return a password of 115 bits that can be read out."""
    return "".join(secrets.choice(READABLE) for _ in range(PASSWORD_LENGTH))


@transaction.atomic
def change_access(
    *, levels: Mapping[tuple[str, str], str], by: User | None = None, seen_version: int | None = None
) -> list[LevelChange]:
    """Set the level of each (function, category) pair; return what changed.

    Locks the whole policy in the order of its keys, so changes follow one another. RevOps and leadership
    always read everything that isn't reserved to others: asking for less raises ValidationError, as does an unknown
    name or another reader of what is reserved. Raises
    PolicyChangedError where the policy is newer than ``seen_version``.
    """
    wished = {}
    for (function, category), level in levels.items():
        if function not in Function.values or category not in Category.values or level not in Level.values:
            raise ValidationError(f"Unknown function, category or level: {function}, {category}, {level}.")
        if category in RESERVED:
            if level != default_level(function, category):
                raise ValidationError(f"{only_for(category)} This can't be changed.")
            continue
        if function in FIXED and level != Level.FULL:
            raise ValidationError(f"{Function(function).label} reads every category; this can't be narrowed.")
        wished[function, category] = Level(level)
    grants = AccessGrant.objects.select_for_update().order_by("function", "category")
    rows = {(grant.function, grant.category): grant for grant in grants}
    if seen_version is not None and policy_version() != seen_version:
        raise PolicyChangedError
    changes = differences(held_levels(), wished)
    with pghistory.context(user=_key(by)):
        for change in changes:
            grant = rows.get(change.pair) or AccessGrant(function=change.function, category=change.category)
            grant.level = change.after
            grant.save()
    return changes


def _key(user: User | None) -> int | None:
    return None if user is None else user.pk
