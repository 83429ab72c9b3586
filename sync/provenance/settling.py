"""Let the values held follow another order of the sources: at once where few are shared, else slice by slice.

What is to be done is a row written with the order. A slice and its mark are one transaction, so a lost worker costs
one slice, and a lost message nothing but the time until the clock asks again.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from sync.declarations import Resource
from sync.models import FieldClaim, Settling
from sync.pipeline.locks import lock_resource
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.registry import resources

logger = logging.getLogger(__name__)

CHUNK = 2_000  # objects settled in one transaction
# A slice takes a few seconds; what hasn't moved for so long has lost its worker or its message.
LOST_AFTER = timedelta(seconds=45)


@transaction.atomic
def settle_soon(*, resource: Resource) -> bool:
    """Decide anew what counts: now where few records are shared, else by workers once this is committed.

    Returns whether it is done. Call it in the transaction that saves the order. Locks the resource.
    """
    lock_resource(resource, None)
    shared = count_shared(resource)
    if shared <= CHUNK:
        settle_shared(resource=resource)
        Settling.objects.filter(resource=resource.key).delete()
        return True
    # What an earlier order has done so far is done anew by this one.
    now = timezone.now()
    begun = {"after": 0, "settled": 0, "total": shared, "asked_at": now, "step_at": now}
    Settling.objects.update_or_create(resource=resource.key, defaults=begun)
    transaction.on_commit(lambda: call_worker(resource.key))
    return False


def settle_shared(*, resource: Resource) -> int:
    """Decide anew what counts for every shared object; return how many changed.

    A transaction for each few thousand objects; those whose values would break a rule stay as they are.
    """
    changed = after = 0
    while ids := _next_shared(resource, after):
        changed += _settle_slice(resource, ids)
        after = ids[-1]
    return changed


@transaction.atomic
def settle_next_slice(*, resource: Resource) -> bool:
    """Settle the next few thousand objects of what is to be done; return whether there is more.

    The order is that of this moment. Locks the resource, as whoever saves another order does first.
    """
    lock_resource(resource, None)
    settling = Settling.objects.select_for_update().filter(resource=resource.key).first()
    if settling is None:
        return False
    ids = _next_shared(resource, settling.after)
    if not ids:
        settling.delete()
        return False
    _settle_slice(resource, ids)
    Settling.objects.filter(pk=settling.pk).update(
        after=ids[-1], settled=F("settled") + len(ids), step_at=timezone.now()
    )
    return True


def work_off(resource: Resource, *, seconds: float) -> bool:
    """Settle slices for up to ``seconds``; return whether nothing is left to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not settle_next_slice(resource=resource):
            return True
    return False


def lost_settlings() -> list[str]:
    """Return the resources whose records stopped following an order; what is no resource any more is forgotten."""
    Settling.objects.exclude(resource__in=[resource.key for resource in resources]).delete()
    lost = Settling.objects.filter(step_at__lt=timezone.now() - LOST_AFTER)
    return list(lost.order_by("resource").values_list("resource", flat=True))


def call_worker(resource: str) -> None:
    """Ask a worker to go on; where none can be reached, the clock does it later."""
    from sync.tasks import settle_shared_records

    try:
        settle_shared_records.delay(resource)
    except BrokerError:
        logger.warning("No worker can be reached; the %s follow the new order later.", resource)


def count_shared(resource: Resource) -> int:
    """Return how many objects of a resource are shared."""
    return FieldClaim.objects.filter(resource=resource.key).values("object_id").distinct().count()


def _next_shared(resource: Resource, after: int) -> list[int]:
    claims = FieldClaim.objects.filter(resource=resource.key, object_id__gt=after)
    return list(claims.order_by("object_id").values_list("object_id", flat=True).distinct()[:CHUNK])


def _settle_slice(resource: Resource, ids: list[int]) -> int:
    try:
        return len(settle_objects(resource=resource, object_ids=ids))
    except UnsettledError:
        return sum(_settled_alone(resource, object_id) for object_id in ids)


def _settled_alone(resource: Resource, object_id: int) -> int:
    try:
        return len(settle_objects(resource=resource, object_ids=[object_id]))
    except UnsettledError:
        return 0
