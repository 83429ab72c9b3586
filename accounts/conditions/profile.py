"""The fields of conditions that the account's own record answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from django.core.cache import cache as shared_cache
from django.db.models import BooleanField, Case, CharField, DecimalField, ExpressionWrapper, Q, Value, When
from django.db.models.functions import NullIf
from django.db.models.lookups import Exact, IsNull

from accounts.conditions.past import account_column, as_it_was
from accounts.conditions.registry import Choice, ConditionField, Kind, Moment, Reading, register_field
from accounts.models import Account, Lifecycle, Tier
from common.codes import countries, currencies
from people.models import Category

SUGGESTIONS_KEPT = 600  # seconds; they only help typing, an old list refuses nothing


def suggestions(column: str) -> list[str]:
    """Return the texts that live accounts have in a column, for typing ahead; kept for ten minutes."""
    key = f"accounts.suggestions.{column}"
    held: list[str] | None = shared_cache.get(key)
    if held is None:
        texts = Account.objects.live().order_by().exclude(**{column: ""})
        held = sorted(texts.values_list(column, flat=True).distinct()[:300])
        shared_cache.set(key, held, SUGGESTIONS_KEPT)
    return held


@cache
def country_choices() -> Sequence[Choice]:
    """Return every country, by name."""
    return tuple(Choice(code, name) for code, name in sorted(countries().items(), key=lambda item: item[1]))


@cache
def currency_choices() -> Sequence[Choice]:
    """Return every currency, by code."""
    return tuple(Choice(code, code) for code in sorted(currencies()))


def tier_choices() -> list[Choice]:
    """Return the tier vocabulary, highest first."""
    return [Choice(slug, label) for slug, label in Tier.objects.values_list("slug", "label")]


def _text(column: str, moment: Moment) -> Reading:
    return Reading(expression=NullIf(as_it_was(column, moment), Value("")))


def _number(column: str, moment: Moment) -> Reading:
    # As a decimal, since Django would cut the decimals off what an integer is compared with.
    return Reading(expression=ExpressionWrapper(as_it_was(column, moment), output_field=DecimalField()))


def _list(column: str, moment: Moment) -> Reading:
    empty = Value([], output_field=account_column(column))
    return Reading(expression=NullIf(as_it_was(column, moment), empty))


def _is_linked(column: str, moment: Moment) -> Reading:
    return Reading(expression=ExpressionWrapper(Q(IsNull(as_it_was(column, moment), False)), BooleanField()))


def _crm_tier(column: str, moment: Moment) -> Reading:
    held = as_it_was(column, moment)
    words = (When(Exact(held, pk), then=Value(slug)) for pk, slug in Tier.objects.values_list("pk", "slug"))
    return Reading(expression=Case(*words, default=None, output_field=CharField()))


def _declare(
    key: str,
    label: str,
    kind: Kind,
    read: Callable[[str, Moment], Reading],
    column: str,
    *,
    category: str = Category.ACCOUNT_PROFILE,
    unit: str = "",
    choices: Callable[[], Sequence[Choice]] | None = None,
    is_suggested: bool = False,
    hint: str = "",
) -> None:
    optional: dict[str, Any] = {}
    if choices is not None:
        optional["choices"] = choices
    if is_suggested:
        optional["suggestions"] = partial(suggestions, column)
    register_field(
        ConditionField(
            key=key,
            label=label,
            kind=kind,
            category=category,
            unit=unit,
            read=partial(read, column),
            help=hint,
            **optional,
        )
    )


_declare("accounts.name", "Name", "text", _text, "name")
_declare("accounts.domain", "Domain", "text", _text, "domain", hint="Without www.")
_declare("accounts.industry", "Industry", "text", _text, "industry", is_suggested=True)
_declare("accounts.employees", "Employees", "number", _number, "employees", unit="people")
_declare(
    "accounts.country",
    "Country",
    "choice",
    _text,
    "country",
    choices=country_choices,
)
_declare(
    "accounts.currency",
    "Currency",
    "choice",
    _text,
    "currency",
    choices=currency_choices,
)
_declare(
    "accounts.lifecycle",
    "Lifecycle",
    "choice",
    _text,
    "lifecycle",
    choices=lambda: [Choice(value, str(label)) for value, label in Lifecycle.choices],
)
_declare(
    "accounts.workspaces",
    "Workspaces",
    "list",
    _list,
    "workspace_ids",
    hint="Names in the product's telemetry.",
)
_declare("accounts.has_parent", "Has a parent company", "boolean", _is_linked, "parent")
_declare(
    "accounts.has_billing_parent", "Is billed to another account", "boolean", _is_linked, "billing_parent"
)
_declare(
    "accounts.owner", "Owner", "text", _text, "owner_email", category=Category.ACCOUNT_TEAM, is_suggested=True
)
_declare(
    "accounts.sponsor",
    "Sponsor",
    "text",
    _text,
    "sponsor_email",
    category=Category.ACCOUNT_TEAM,
    is_suggested=True,
)
_declare(
    "accounts.crm_tier",
    "Tier in the CRM",
    "choice",
    _crm_tier,
    "tier",
    choices=tier_choices,
    hint="The tier that the CRM sends, whatever tier is in force.",
)
