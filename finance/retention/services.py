"""Writes of the company's own choices about retention."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from finance.models import RetentionPolicy
from people.functions import Function
from people.models import User

EDITORS = frozenset({Function.FINANCE, Function.REVOPS})


@transaction.atomic
def change_retention_policy(
    *, definition: str, counts_reactivation: bool, constant_currency: bool, by: User | None
) -> RetentionPolicy:
    """Set which definition the company means by retention, and return the row; locks it.

    Raises PermissionDenied for anybody but finance and RevOps, ValidationError for an unknown definition. ``by`` is
    None for a command. What is already so writes nothing.
    """
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied("What retention means is for finance and RevOps to choose.")
    policy = RetentionPolicy.objects.select_for_update().get()
    wanted = {
        "definition": definition,
        "counts_reactivation": counts_reactivation,
        "constant_currency": constant_currency,
    }
    changed = [name for name, value in wanted.items() if getattr(policy, name) != value]
    for name in changed:
        setattr(policy, name, wanted[name])
    policy.full_clean()
    if changed:
        policy.save(update_fields=changed)
    return policy
