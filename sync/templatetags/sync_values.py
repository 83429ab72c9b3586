"""Values of records as people read them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone

from common.formatting import format_date
from sync.provenance.reading import label_of
from sync.registry import resources

register = template.Library()


@register.filter
def as_read(value: Any) -> Any:
    """Return a number with its thousands apart, a day as 22 Nov 2026, anything else as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        moment = timezone.localtime(value)
        return f"{format_date(moment.date())}, {moment:%H:%M}"
    if isinstance(value, date):
        return format_date(value)
    return value


@register.filter
def field_words(name: str | None) -> str:
    """Return a field's name as people read it, such as “Owner email”; nothing for an error of a whole record."""
    return label_of(name or "")


@register.filter
def plural_words(key: str) -> str:
    """Return what a resource holds, such as “Contract lines”."""
    return key.replace("-", " ").capitalize()


@register.filter
def singular_words(key: str) -> str:
    """Return what one record of a resource is, such as “Contract line”; its key where nothing declares it."""
    found = resources.get(key)
    return found.singular.capitalize() if found else plural_words(key)
