"""What stands in the calendar of contracts, kept in step with contracts and obligations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from finance.contracts.calendar import Calendar, months_of_renewal, notice_on, terms_in_sight
from finance.models import CalendarEvent, Contract, ContractObligation
from metrics.engine.plan import today

Kind = CalendarEvent.Kind
Key = tuple[int, str, int]
SLICE = 1_000
# As many contracts are looked at in one go.
SPAN = 10_000
# Calendars that are read once a season still learn that something is off.
CANCELLED_FOR = timedelta(days=60)
KEPT_FOR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wanted:
    """When something is shown, and the day it falls on before a weekend or holiday moves it."""

    day: date
    falls_on: date


@transaction.atomic
def follow_contracts(contracts: Sequence[int]) -> int:
    """Bring the events of some contracts up to date; return how many were new, moved or called off.

    The terms in sight count, as on the page of renewals; what has passed stays. Locks the contracts in their order.
    """
    locked = (
        Contract.objects.filter(pk__in=contracts).order_by("pk").select_for_update(of=("self",), no_key=True)
    )
    keys = list(locked.values_list("pk", flat=True))
    day, now = today(), timezone.now()
    wanted = dict(_wanted(Q(contract__in=keys), day))
    held: dict[Key, CalendarEvent] = {
        (event.contract_id, event.kind, event.number): event
        for event in CalendarEvent.objects.filter(contract__in=keys)
    }
    changed = []
    for key, event in held.items():
        want = wanted.pop(key, None)
        if not _is_otherwise(event.day, event.falls_on, event.cancelled_at, want, day):
            continue
        if want is None:
            event.cancelled_at = now
        else:
            event.day, event.falls_on, event.cancelled_at = want.day, want.falls_on, None
        event.sequence += 1
        event.changed_at = now
        changed.append(event)
    CalendarEvent.objects.bulk_update(changed, ["day", "falls_on", "sequence", "changed_at", "cancelled_at"])
    CalendarEvent.objects.bulk_create(
        CalendarEvent(
            contract_id=contract,
            kind=kind,
            number=number,
            obligation_id=number if kind == Kind.OBLIGATION else None,
            day=want.day,
            falls_on=want.falls_on,
            changed_at=now,
        )
        for (contract, kind, number), want in wanted.items()
    )
    return len(changed) + len(wanted)


def follow_all() -> int:
    """Bring the whole calendar up to date, since terms begin and end by themselves, and forget what is long over.

    Looks at plain rows and locks nothing but the few contracts of which something is otherwise.
    """
    changed, after = 0, 0
    while keys := list(
        Contract.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:SPAN]
    ):
        stale = _out_of_step(keys[0], keys[-1], today())
        for at in range(0, len(stale), SLICE):
            changed += follow_contracts(stale[at : at + SLICE])
        after = keys[-1]
    gone = Q(cancelled_at__lt=timezone.now() - CANCELLED_FOR) | Q(day__lt=today() - KEPT_FOR)
    CalendarEvent.objects.filter(gone).delete()
    return changed


def _out_of_step(first: int, last: int, day: date) -> list[int]:
    """Return the contracts from ``first`` to ``last`` whose events aren't what they should be; three queries."""
    among = Q(contract__gte=first, contract__lte=last)
    wanted = dict(_wanted(among, day))
    found: set[int] = set()
    held = CalendarEvent.objects.filter(among)
    rows = held.values_list("contract_id", "kind", "number", "day", "falls_on", "cancelled_at")
    for contract, kind, number, shown, falls_on, cancelled_at in rows.iterator(chunk_size=SPAN):
        want = wanted.pop((contract, kind, number), None)
        if _is_otherwise(shown, falls_on, cancelled_at, want, day):
            found.add(contract)
    return sorted(found | {contract for contract, _, _ in wanted})


def _is_otherwise(
    shown: date, falls_on: date, cancelled_at: datetime | None, want: Wanted | None, day: date
) -> bool:
    """Return whether an event that is kept is to be another; what has passed is nobody's any more."""
    if want is None:
        return cancelled_at is None and shown >= day
    return cancelled_at is not None or (shown, falls_on) != (want.day, want.falls_on)


def _wanted(among: Q, day: date) -> Iterator[tuple[Key, Wanted]]:
    """Yield what is to be shown; ``among`` says of which ``contract``."""
    running: Any = Contract.objects.running_on(day).with_trial_on(day).annotate(contract=F("pk"))
    running = running.filter(among, end_on__isnull=False, is_trial=False, account__deleted_at=None)
    rows = running.values_list(
        "pk", "start_on", "end_on", "auto_renew", "renewal_months", "notice_days", "account__country"
    )
    for contract, start_on, end_on, auto_renew, months, notice_days, country in rows.iterator(
        chunk_size=SPAN
    ):
        for term in terms_in_sight(start_on, end_on, months_of_renewal(auto_renew, months), day):
            if term.ends_on is None:
                continue
            yield (contract, Kind.END, term.number), Wanted(term.ends_on, term.ends_on)
            notice = notice_on(term.ends_on, notice_days)
            if notice is not None:
                act_by = Calendar(country).last_working_day(notice)
                yield (contract, Kind.NOTICE, term.number), Wanted(act_by, notice)
    due = ContractObligation.objects.undone(day).filter(among)
    for pk, owner, due_on in due.values_list("pk", "contract_id", "due_on"):
        yield (owner, Kind.OBLIGATION, pk), Wanted(due_on, due_on)
