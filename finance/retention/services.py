"""Writes of the company's own choices about retention."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from finance.models import RetentionPolicy
from people.functions import Function
from people.models import User

EDITORS = frozenset({Function.FINANCE, Function.REVOPS})


@transaction.atomic
def change_retention_policy(
    *,
    definition: str,
    counts_reactivation: bool,
    constant_currency: bool,
    by: User | None,
    expected: str | None = None,
) -> RetentionPolicy:
    """Set which definition the company means by retention, and return the row; locks it.

    Raises PermissionDenied for anybody but finance and RevOps, ValidationError for an unknown definition and where the
    choices are no longer ``expected``, as ``seen_of`` gave them to whoever looked at the effect. ``by`` is None for a
    command. What is already so writes nothing.
    """
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied("What retention means is for finance and RevOps to choose.")
    policy = RetentionPolicy.objects.select_for_update().get()
    if expected is not None and expected != seen_of(policy):
        raise ValidationError("Somebody changed these choices meanwhile. Look at the effect again.")
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


def seen_of(policy: RetentionPolicy) -> str:
    """Return what stands for the choices as they are, for a form that saves others in their place."""
    return f"{policy.definition}.{policy.counts_reactivation:d}{policy.constant_currency:d}"
