"""Which numbers of a day are provisional, and why: noted when they are made, read with each page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.core.cache import cache
from django.db import transaction

from sync.models import ProvisionalNumber

KEPT_SECONDS = 60
LONGEST_REASON = 500


def provisional_numbers(as_of: date | None) -> Mapping[str, str]:
    """Return the keys of a day's provisional numbers with the reason; kept for a minute, so hardly ever a query."""
    if as_of is None:
        return {}
    name = _name(as_of)
    held: dict[str, str] | None = cache.get(name)
    if held is None:
        held = dict(ProvisionalNumber.objects.filter(as_of=as_of).values_list("key", "reason"))
        cache.set(name, held, KEPT_SECONDS)
    return held


def provisional_on(days: Iterable[date], keys: Iterable[str]) -> Mapping[tuple[date, str], str]:
    """Return the reasons of several days' numbers by (day, key); one query."""
    rows = ProvisionalNumber.objects.filter(as_of__in=set(days), key__in=set(keys))
    return {(row.as_of, row.key): row.reason for row in rows}


@transaction.atomic
def replace_provisional(*, as_of: date, reasons: Mapping[str, str]) -> int:
    """Say which numbers of a day rest on stale data; return how many. Writes only what differs."""
    held = ProvisionalNumber.objects.filter(as_of=as_of)
    wanted = {key: reason[:LONGEST_REASON] for key, reason in reasons.items()}
    if dict(held.values_list("key", "reason")) != wanted:
        held.delete()
        ProvisionalNumber.objects.bulk_create(
            ProvisionalNumber(as_of=as_of, key=key, reason=reason) for key, reason in sorted(wanted.items())
        )
        transaction.on_commit(lambda: cache.delete(_name(as_of)), robust=True)
    return len(wanted)


def _name(as_of: date) -> str:
    return f"provisional:{as_of}"
