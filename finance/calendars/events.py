"""What stands in the calendar of contracts, kept in step with contracts and obligations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from finance.contracts.calendar import Calendar, months_of_renewal, notice_on, running_term
from finance.models import CalendarEvent, Contract, ContractObligation
from metrics.engine.plan import today

Kind = CalendarEvent.Kind
Key = tuple[int, str, int]
SLICE = 1_000
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

    The term that runs counts, as on the page of renewals; what has passed stays. Locks the contracts in their order.
    """
    locked = (
        Contract.objects.filter(pk__in=contracts).order_by("pk").select_for_update(of=("self",), no_key=True)
    )
    keys = list(locked.values_list("pk", flat=True))
    day, now = today(), timezone.now()
    wanted = dict(_wanted(keys, day))
    held: dict[Key, CalendarEvent] = {
        (event.contract_id, event.kind, event.number): event
        for event in CalendarEvent.objects.filter(contract__in=keys)
    }
    changed = []
    for key, event in held.items():
        want = wanted.pop(key, None)
        if want is None:
            if event.cancelled_at is not None or event.day < day:
                continue
            event.cancelled_at = now
        elif event.cancelled_at is None and (event.day, event.falls_on) == (want.day, want.falls_on):
            continue
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
    """Bring the whole calendar up to date, since terms begin and end by themselves, and forget what is long over."""
    changed, after = 0, 0
    while keys := list(
        Contract.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:SLICE]
    ):
        changed += follow_contracts(keys)
        after = keys[-1]
    gone = Q(cancelled_at__lt=timezone.now() - CANCELLED_FOR) | Q(day__lt=today() - KEPT_FOR)
    CalendarEvent.objects.filter(gone).delete()
    return changed


def _wanted(contracts: Sequence[int], day: date) -> Iterator[tuple[Key, Wanted]]:
    running: Any = Contract.objects.running_on(day).with_trial_on(day)
    running = running.filter(pk__in=contracts, is_trial=False, account__deleted_at=None).select_related(
        "account"
    )
    for contract in running:
        months = months_of_renewal(contract.auto_renew, contract.renewal_months)
        term = running_term(contract.start_on, contract.end_on, months, day)
        if term is None or term.ends_on is None:
            continue
        yield (contract.pk, Kind.END, term.number), Wanted(term.ends_on, term.ends_on)
        notice = notice_on(term.ends_on, contract.notice_days)
        if notice is not None:
            act_by = Calendar(contract.account.country).last_working_day(notice)
            yield (contract.pk, Kind.NOTICE, term.number), Wanted(act_by, notice)
    due = ContractObligation.objects.undone(day).filter(contract__in=contracts)
    for pk, contract, due_on in due.values_list("pk", "contract_id", "due_on"):
        yield (contract, Kind.OBLIGATION, pk), Wanted(due_on, due_on)
