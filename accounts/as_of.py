"""An account's profile as it was on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import Account
from people.models import User
from sync.provenance.as_of import end_of, values_as_of
from sync.registry import resources

KEY = "accounts"
PARENTS = ("parent", "billing_parent")
FIELDS = {field.attname: field for field in Account._meta.concrete_fields}


def show_as_it_was(account: Account, day: date) -> date | None:
    """Give ``account`` the profile it had when ``day`` ended (UTC), in memory alone; one to five queries.

    An account that came later is shown as it first came. Returns the day it came where that is so.
    """
    end = end_of(day)
    values = values_as_of(resources[KEY], account.pk, end, or_first=True)
    if values is None:
        return None
    values.pop("deleted_at")
    came_at = values.pop("came_at")
    _apply(account, values)
    return came_at.date() if came_at > end else None


def _apply(account: Account, values: dict[str, Any]) -> None:
    held = {column: getattr(account, column) for column in values}
    for column, value in values.items():
        field = FIELDS[column]
        # An empty value stands in change rows as the column keeps it, but one never named at all is null.
        setattr(account, column, field.get_default() if value is None and not field.null else value)
    for parent in PARENTS:
        if getattr(account, f"{parent}_id") != held[f"{parent}_id"]:
            setattr(account, parent, Account.objects.filter(pk=values[f"{parent}_id"]).first())
    for role in ("owner", "sponsor"):
        email = values[f"{role}_email"]
        if email != held[f"{role}_email"]:
            name = User.objects.filter(email=email or "").values_list("name", flat=True).first()
            setattr(account, f"{role}_name", name)
