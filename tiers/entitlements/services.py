"""Writes of what tiers are entitled to: in drafts only, checked whole before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Tier
from common.versions.cycle import authored
from people.models import User
from tiers.entitlements.registry import kinds
from tiers.entitlements.tables import changes_between, table_of
from tiers.models import EntitlementValue, RuleSet
from tiers.services.cycle import cycle
from tiers.services.drafts import note_revision
from tiers.services.errors import require_revops

NOT_A_DRAFT = (
    "This version is {state} and is kept as it is. Start a draft to change what tiers are entitled to."
)


def part_name(key: str, part: str) -> str:
    """Return the name of a form field: the entitlement's key, with the part of its value if it has parts."""
    return f"{key}__{part}" if part else key


def check_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by kind as they are stored.

    Raises ValidationError with every problem by the name of its field, as ``part_name`` gives it.
    """
    problems: dict[str, list[str]] = {}
    stored: dict[str, Any] = {}
    for key, value in values.items():
        kind = kinds.get(key)
        if kind is None:
            problems[key] = ["Nobody grants an entitlement of that name."]
            continue
        try:
            stored[key] = kind.value.check(value)
        except ValidationError as error:
            problems |= {part_name(key, part): texts for part, texts in error.message_dict.items()}
    if problems:
        raise ValidationError(problems)
    return stored


@transaction.atomic
def fill_draft(*, rule_set: RuleSet) -> None:
    """Give a new draft a value for every tier and kind: those of the version it is based on, or the defaults.

    Values that are there already stay.
    """
    table = table_of(cast("RuleSet | None", rule_set.based_on))
    EntitlementValue.objects.bulk_create(
        (
            EntitlementValue(rule_set=rule_set, tier=tier, key=kind.key, value=table.value(kind, tier))
            for tier in table.tiers.values()
            for kind in kinds
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def set_entitlements(
    *, rule_set: RuleSet, tier: Tier, values: Mapping[str, Any], by: User, expected: str | None = None
) -> list[str]:
    """Set what a draft entitles one tier to, by kind; return in words what changed.

    ``expected`` is the digest of the content that the editor began from; None is for whoever began the draft in the
    same transaction. All of it or nothing: raises ValidationError by field, VersionChangedError where somebody has
    saved it since or it is no draft any more. Locks the rule set.
    """
    require_revops(by, "Changing what tiers are entitled to")
    stored = check_values(values)
    held = cycle.hold(rule_set, expected=expected)
    before = table_of(held)
    new = {key: value for key, value in stored.items() if before.value(kinds[key], tier) != value}
    with authored(by):
        EntitlementValue.objects.bulk_create(
            [EntitlementValue(rule_set=held, tier=tier, key=key, value=value) for key, value in new.items()],
            update_conflicts=True,
            unique_fields=["rule_set", "tier", "key"],
            update_fields=["value"],
        )
        note_revision(rule_set=held, by=by)
    rule_set.digest = held.digest
    return changes_between((before, tier), (table_of(held), tier))
