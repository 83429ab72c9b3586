"""What accounts are entitled to, inside a query over many of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Case, DurationField, ExpressionWrapper, OuterRef, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from tiers.entitlements.registry import contract_sources, kinds
from tiers.entitlements.tables import table_in_force

SPAN: DurationField[Any, Any] = DurationField()


def entitled_span(key: str, *, tier: str, as_of: date, account: str = "account_id") -> Combinable:
    """Return the span of time that each row's account was entitled to on a day: its contract's, else its tier's.

    ``tier`` names the column or annotation that holds the slug of the tier, ``account`` that of the account.
    """
    kind, table = kinds[key], table_in_force(as_of)
    by_tier = Case(
        *(
            When(**{tier: slug}, then=Value(timedelta(minutes=table.value(kind, held))))
            for slug, held in table.tiers.items()
        ),
        default=Value(timedelta(minutes=table.value(kind, None))),
        output_field=SPAN,
    )
    source = contract_sources.get(key)
    if source is None:
        return by_tier
    agreed = source.query(as_of).filter(account_id=OuterRef(account)).values("value")[:1]
    minute = Value(timedelta(minutes=1), output_field=SPAN)
    return Coalesce(ExpressionWrapper(Subquery(agreed) * minute, output_field=SPAN), by_tier)
