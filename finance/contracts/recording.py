"""Write down what sources say of contracts as versions, so that what a contract said is never lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, DateField, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from common.versions.models import VersionState
from finance.calendars.events import follow_contracts
from finance.contracts.statements import effective_on
from finance.models import Contract, ContractToRecord, ContractVersion
from metrics.statements import Statement, load

# A contract and its lines come in calls of their own: what is quiet for so long is taken to be complete.
QUIET = timedelta(seconds=60)
# A contract that never falls silent is written down all the same.
PATIENCE = timedelta(minutes=15)
SLICE = 1_000


def record_due_versions(*, now: datetime | None = None) -> int:
    """Record the versions of all contracts that are due; return how many. Safe beside other workers."""
    written = 0
    while (count := record_versions(now=now)) is not None:
        written += count
    return written


@transaction.atomic
def record_versions(*, now: datetime | None = None) -> int | None:
    """Record the versions of one slice of marked contracts; return how many, None where nothing is due.

    A contract's first version is all that is known of it; a later one is written only where its statement differs.
    Locks the marks that nobody else has, then those of their contracts that nobody else has, in the order of keys.
    """
    now = now or timezone.now()
    due = Q(marked_at__lte=now - QUIET) | Q(first_marked_at__lte=now - PATIENCE)
    marks = ContractToRecord.objects.filter(due).order_by("contract_id").select_for_update(skip_locked=True)
    contracts = list(marks.values_list("contract_id", flat=True)[:SLICE])
    if not contracts:
        return None
    # A batch holds its contracts before it marks them: waiting for one would make both wait for each other.
    locked = (
        Contract.objects.filter(pk__in=contracts)
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
    )
    contracts = list(locked.values_list("pk", flat=True))
    if not contracts:
        return None
    ContractToRecord.objects.filter(contract_id__in=contracts).delete()
    return write_versions(contracts, now=now)


def write_versions(contracts: list[int], *, now: datetime | None = None) -> int:
    """Write down what contracts say now where their version in force says something else; return how many.

    Called in a transaction that has locked the contracts.
    """
    said = said_now(contracts)
    first = load("finance", "contract_versions_first", statements=said).execute()
    changed = [
        row | {"before": json.loads(row["before"]), "after": json.loads(row["after"])}
        for row in load("finance", "contract_statements_changed", statements=said).fetch_dicts()
    ]
    count = first + _supersede(changed, now or timezone.now())
    follow_contracts(contracts)
    return count


def said_now(contracts: list[int]) -> Statement:
    """Return ``(contract_id, start_on, statement)``: what each of the contracts says now."""
    return load("finance", "contract_statements", contracts=contracts)


def _supersede(changed: list[dict[str, Any]], now: datetime) -> int:
    """Retire the versions in force of these contracts, and put what they say now in their place."""
    if not changed:
        return 0
    days = {row["contract_id"]: _starts_on(row, now) for row in changed}
    ends_on = Case(
        *(When(contract_id=contract, then=Value(day)) for contract, day in days.items()),
        output_field=DateField(),
    )
    held = [row["version_id"] for row in changed]
    ContractVersion.objects.filter(pk__in=held).update(
        state=VersionState.RETIRED, retired_at=Now(), ends_on=ends_on
    )
    newest = dict(
        ContractVersion.objects.filter(contract_id__in=days)
        .order_by("contract_id", "-version")
        .distinct("contract_id")
        .values_list("contract_id", "version")
    )
    ContractVersion.objects.bulk_create(
        ContractVersion(
            contract_id=row["contract_id"],
            version=newest[row["contract_id"]] + 1,
            state=VersionState.PUBLISHED,
            cause=ContractVersion.Cause.SOURCE,
            statement=row["after"],
            digest=row["digest"],
            based_on_id=row["version_id"],
            starts_on=days[row["contract_id"]],
            published_at=now,
            source_id=row["source_id"],
            batch_id=row["batch_id"],
        )
        for row in changed
    )
    return len(changed)


def _starts_on(row: dict[str, Any], now: datetime) -> date:
    told_at: datetime = row["source_updated_at"] or now
    return effective_on(row["before"], row["after"], min(told_at, now).astimezone(UTC).date())
