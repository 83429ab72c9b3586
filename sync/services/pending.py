"""What people and clients decide about records that wait: try again, or give up with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from people.models import User
from sync.models import Client, DiscardedRecord, PendingRecord, Source
from sync.models.pending import KeptRecord
from sync.pipeline.batch import Outcome, Result
from sync.pipeline.locks import lock_resource
from sync.pipeline.pending import apply_records, follow_up_batches
from sync.registry import resources

# So many of one resource and source in a transaction, as in a batch.
AT_ONCE = 10_000
LONGEST_REASON = 1000
KEPT = tuple(field.attname for field in KeptRecord._meta.local_fields)


class Retried(NamedTuple):
    """What became of a record that was tried again; ``batch_id`` is the batch that did."""

    batch_id: int | None
    result: Result


def retry_records(*, ids: Collection[int]) -> dict[int, Retried]:
    """Apply waiting records now, ready or not, and take up discarded ones; return what became of each by id.

    One that still can't be applied waits on, with its reason. Left out are ids that nothing waits under, and
    discarded records whose source has sent another state since, which waits itself. Each resource and source
    is a transaction of its own and locks the resource. Afterwards what waited for them is applied, too.
    """
    retried: dict[int, Retried] = {}
    outcomes: list[Outcome] = []
    for key, source_id, chosen in _groups(ids, (PendingRecord, DiscardedRecord)):
        with transaction.atomic():
            _lock(key, source_id)
            _take_up_again(chosen)
            waiting = PendingRecord.objects.waiting().filter(pk__in=chosen)
            names = dict(waiting.values_list("external_id", "pk"))
            waiting.update(code=PendingRecord.WAITING)
            outcome = apply_records(key, source_id, list(names))
            if outcome is not None:
                outcomes.append(outcome)
                for result in outcome.results:
                    retried[names[str(result.external_id)]] = Retried(outcome.batch_id, result)
    follow_up_batches(outcomes)
    return retried


def discard_records(
    *, ids: Collection[int], reason: str, user: User | None = None, client: Client | None = None
) -> int:
    """Give up waiting records, keeping them with who did it, when and why; return how many.

    Either a person or a client does it. Ids that nothing waits under are passed over. Raises ValidationError
    without a reason. Locks each resource in turn.
    """
    text = reason.strip()
    if not text or len(text) > LONGEST_REASON or "\x00" in text:
        raise ValidationError({"reason": f"Say why, in up to {LONGEST_REASON:,} characters."})
    count = 0
    for key, source_id, chosen in _groups(ids, (PendingRecord,)):
        with transaction.atomic():
            _lock(key, source_id)
            waiting = PendingRecord.objects.waiting().filter(pk__in=chosen)
            kept = [
                DiscardedRecord(
                    pk=record.pk,
                    received_at=record.received_at,
                    discarded_by=user,
                    discarded_by_client=client,
                    reason=text,
                    **_kept(record),
                )
                for record in waiting
            ]
            DiscardedRecord.objects.bulk_create(kept, batch_size=1000)
            PendingRecord.objects.filter(pk__in=[record.pk for record in kept]).delete()
            count += len(kept)
    return count


def _take_up_again(ids: Iterable[int]) -> None:
    """Let discarded records wait again under their old ids, but for those overtaken by another that waits."""
    for record in DiscardedRecord.objects.filter(pk__in=ids).order_by("pk"):
        held = PendingRecord.objects.filter(
            source_id=record.source_id, resource=record.resource, external_id=record.external_id
        )
        if not held.exists():
            PendingRecord.objects.create(pk=record.pk, received_at=record.received_at, **_kept(record))
            record.delete()


def _kept(record: KeptRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in KEPT}


def _groups(
    ids: Collection[int], models: Iterable[type[PendingRecord | DiscardedRecord]]
) -> Iterator[tuple[str, int, list[int]]]:
    """Yield ids by resource and source, those of declared resources only, so many at once."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for model in models:
        found = model.objects.filter(pk__in=ids).order_by("pk")
        for key, source_id, pk in found.values_list("resource", "source_id", "pk"):
            if key in resources:
                groups[key, source_id].append(pk)
    for (key, source_id), chosen in sorted(groups.items()):
        for start in range(0, len(chosen), AT_ONCE):
            yield key, source_id, chosen[start : start + AT_ONCE]


def _lock(key: str, source_id: int) -> None:
    lock_resource(resources[key], Source.objects.get(pk=source_id))
