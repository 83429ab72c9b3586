"""Events whose account is not known yet: kept apart, and applied when it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import F

from common.sql import load_sql
from product.ingest.accounts import find_accounts
from product.models import AwaitedAccount, TrackedUser, WaitingEvent
from product.resources import UsageEventRecord
from sync.declarations import Ref
from sync.models import Batch, Source
from sync.pipeline.decode import MAX_RECORDS, Decoded
from sync.pipeline.locks import lock_resource
from sync.pipeline.run import run_batch
from sync.registry import resources

KEYS_AT_ONCE = 2000


class Awaited(NamedTuple):
    """What an event waits for: a group that is no account yet, or a user who is in no group yet."""

    kind: str
    key: str


def keep_waiting(
    *, source: Source, batch_id: int, waiting: Sequence[tuple[Awaited, UsageEventRecord]]
) -> int:
    """Store events until their account comes; return how many of them were not waiting already."""
    numbers = _numbers(source, {awaited for awaited, _ in waiting})
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("product", "waiting_keep"),
            {
                "source": source.pk,
                "batch": batch_id,
                "awaited": [numbers[awaited] for awaited, _ in waiting],
                "external_ids": [record.external_id for _, record in waiting],
                "records": [msgspec.json.encode(record).decode() for _, record in waiting],
            },
        )
        counted = Counter(row[0] for row in cursor.fetchall())
    _count(counted)
    return counted.total()


def rename_awaited(source: Source, renamed: Mapping[str, str]) -> None:
    """Let events that wait for an earlier name of a user wait for the user."""
    if not renamed:
        return
    of_users = AwaitedAccount.objects.filter(source=source, kind=AwaitedAccount.Kind.USER)
    for held in of_users.filter(key__in=renamed):
        _move(held, Awaited(held.kind, renamed[held.key]), source)


def apply_waiting(*, source: Source | None = None) -> int:
    """Apply the events whose account has come, of one source or of all; return how many.

    A user who is in a group by now stands for that group. Each round of up to 10,000 events is a transaction of
    its own. One that is refused by now, such as one of a retired month, is told in the batch's errors.
    """
    applied = 0
    waiting = AwaitedAccount.objects.all() if source is None else AwaitedAccount.objects.filter(source=source)
    for source_id in waiting.order_by("source").values_list("source", flat=True).distinct():
        owner = source if source is not None else Source.objects.get(pk=source_id)
        _regroup(owner)
        after = 0
        while numbers := _ready(owner, after):
            after = numbers[-1]
            keys = dict(AwaitedAccount.objects.filter(pk__in=numbers).values_list("pk", "key"))
            found = find_accounts(owner, set(keys.values()))
            accounts = {pk: found[key] for pk, key in keys.items() if key in found}
            while accounts and (taken := _apply(owner, accounts)):
                applied += taken
    return applied


def _ready(source: Source, after: int) -> list[int]:
    with connection.cursor() as cursor:
        params = {"source": source.pk, "after": after, "limit": KEYS_AT_ONCE}
        cursor.execute(load_sql("product", "waiting_ready"), params)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def _apply(source: Source, accounts: Mapping[int, Ref]) -> int:
    resource = resources["usage-events"]
    lock_resource(resource, source)
    rows = list(WaitingEvent.objects.filter(awaited__in=list(accounts)).order_by("pk")[:MAX_RECORDS])
    decoded = Decoded([])
    for row in rows:
        record = msgspec.convert(row.record, UsageEventRecord)
        record.account = accounts[row.awaited_id]
        decoded.records.append(record)
    if rows:
        run_batch(resource=resource, source=source, decoded=decoded, mode=Batch.Mode.PENDING)
        WaitingEvent.objects.filter(pk__in=[row.pk for row in rows]).delete()
        _count(Counter({pk: -count for pk, count in Counter(row.awaited_id for row in rows).items()}))
    if len(rows) < MAX_RECORDS:
        AwaitedAccount.objects.filter(pk__in=list(accounts), events=0).delete()
    return len(rows)


@transaction.atomic
def _regroup(source: Source) -> None:
    """Let events of users who are in a group by now wait for that group."""
    lock_resource(resources["usage-events"], source)
    of_users = AwaitedAccount.objects.filter(source=source, kind=AwaitedAccount.Kind.USER)
    grouped = TrackedUser.objects.filter(source=source).exclude(group="")
    for held in of_users.filter(key__in=grouped.values("user")):
        group = grouped.values_list("group", flat=True).get(user=held.key)
        _move(held, Awaited(str(AwaitedAccount.Kind.GROUP), group), source)


def _move(held: AwaitedAccount, to: Awaited, source: Source) -> None:
    number = _numbers(source, {to})[to]
    moved = WaitingEvent.objects.filter(awaited=held).update(awaited_id=number)
    _count(Counter({number: moved}))
    AwaitedAccount.objects.filter(pk=number, first_at__gt=held.first_at).update(first_at=held.first_at)
    held.delete()


def _numbers(source: Source, wanted: Iterable[Awaited]) -> dict[Awaited, int]:
    """Return the id of each, new ones included; notes that something came for it now."""
    named = sorted(wanted)
    with connection.cursor() as cursor:
        params: dict[str, Any] = {
            "source": source.pk,
            "kinds": [item.kind for item in named],
            "keys": [item.key for item in named],
        }
        cursor.execute(load_sql("product", "waiting_number"), params)
        return {Awaited(kind, key): number for kind, key, number in cursor.fetchall()}


def _count(changes: Counter[int]) -> None:
    by_change: dict[int, list[int]] = {}
    for number, change in changes.items():
        by_change.setdefault(change, []).append(number)
    for change, numbers in by_change.items():
        AwaitedAccount.objects.filter(pk__in=numbers).update(events=F("events") + change)
