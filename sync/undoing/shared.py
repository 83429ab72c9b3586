"""Objects in which other sources have a say: what the batch said of them is withdrawn, and the others decide."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg import sql

from sync.declarations import Resource
from sync.models import Batch, Change, FieldClaim, Link, Redirect
from sync.pipeline.claims import unshare_objects
from sync.pipeline.locks import lock_resource
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.undoing.plan import Conflict, UndoPlan


class Said(NamedTuple):
    """Whose word on which field a claim is."""

    object_id: int
    field: str
    link_id: int


def keep_what_others_hold(resource: Resource, batch: Batch, plan: UndoPlan) -> None:
    """Leave created objects that another source's record stands for by now."""
    others = Link.objects.filter(resource=resource.key, object_id__in=plan.remove, deleted_at=None).exclude(
        source=batch.source
    )
    held = dict(others.values_list("object_id", "source__slug"))
    plan.remove = [number for number in plan.remove if number not in held]
    plan.conflicts += [
        Conflict(str(number), "", f"A record of {slug} stands for it too, so it stays.")
        for number, slug in sorted(held.items())
    ]


def living(resource: Resource, numbers: Collection[int]) -> list[int]:
    """Return those of some objects that are there, in the order of their ids."""
    rows = resource.model._base_manager.filter(pk__in=numbers, deleted_at=None)  # noqa: SLF001 - Django documents it
    return sorted(rows.values_list("pk", flat=True))


def decide_anew(resource: Resource, batch: Batch, settle: Callable[[], list[int]]) -> list[int]:
    """Run ``settle``, which returns the objects that it changed; return the batch that is logged for them, if any.

    What was decided anew belongs to the taking back, and must not stand in the way of a further one.
    """
    started = time.perf_counter()
    batch_id, xid = lock_resource(resource, batch.source)
    changed = settle()
    if not changed:
        return []
    decided = Change.objects.filter(resource=resource.key, object_id__in=changed, xid=xid, batch=None)
    decided.update(batch=batch_id, source=batch.source)
    Batch(
        pk=batch_id,
        source=batch.source,
        resource=resource.key,
        mode=Batch.Mode.UNDO,
        seconds=time.perf_counter() - started,
        updated=len(set(changed)),
    ).save(force_insert=True)
    return [batch_id]


def withdraw_claims(
    resource: Resource, batch: Batch, plan: UndoPlan, only: Collection[int] | None
) -> list[int]:
    """Forget what the batch claims of shared objects and let the others decide; return the objects that changed.

    For claims of which isn't kept what their record had said before. Fields that hold what they held before by now
    need nothing more, and are taken out of the plan.
    """
    claims = FieldClaim.objects.filter(resource=resource.key, source=batch.source, batch_id=batch.pk)
    if only is not None:
        claims = claims.filter(object_id__in=only)
    said = [Said._make(row) for row in claims.values_list("object_id", "field", "link")]
    if not said:
        return []
    changed, unsettled = _withdraw(resource, claims, sorted({each.object_id for each in said}))
    said = [each for each in said if each.object_id not in unsettled]
    _let_go(resource, batch, {each.link_id for each in said})
    _name_unsettled(plan, unsettled)
    _name_overwritten(plan, said)
    _forget_restored(resource, plan, changed)
    return changed


def _withdraw(
    resource: Resource, claims: QuerySet[FieldClaim], objects: list[int]
) -> tuple[list[int], dict[int, str]]:
    """Take claims away and settle their objects; return those that changed, and why others stay as they are.

    Where the rest doesn't go together in one of them, each is settled by itself.
    """
    try:
        with transaction.atomic():
            claims.filter(object_id__in=objects).delete()
            return settle_objects(resource=resource, object_ids=objects), {}
    except UnsettledError as error:
        if len(objects) == 1:
            return [], {objects[0]: error.detail}
    changed: list[int] = []
    unsettled: dict[int, str] = {}
    for number in objects:
        changed_one, unsettled_one = _withdraw(resource, claims, [number])
        changed += changed_one
        unsettled |= unsettled_one
    return changed, unsettled


def _name_unsettled(plan: UndoPlan, unsettled: dict[int, str]) -> None:
    """Report objects that stay as they are; what they held before may still be given back by itself."""
    plan.conflicts += [
        Conflict(str(number), "", f"What others say of it doesn't go together: {detail}")
        for number, detail in sorted(unsettled.items())
        if number not in plan.restore
    ]


def _name_overwritten(plan: UndoPlan, said: list[Said]) -> None:
    """Report words that didn't count when they came: what their record had said before isn't kept."""
    kept = set(Link.objects.filter(pk__in={each.link_id for each in said}).values_list("pk", flat=True))
    left = {conflict.object_id for conflict in plan.conflicts if not conflict.field}
    detail = "It didn't count. What its record had said before isn't kept, and counts when it is sent again."
    plan.conflicts += [
        Conflict(str(each.object_id), each.field, detail)
        for each in said
        if each.link_id in kept
        and each.object_id not in plan.remove
        and str(each.object_id) not in left
        and each.field.partition(".")[0] not in plan.restore.get(each.object_id, {})
    ]


def _let_go(resource: Resource, batch: Batch, links: set[int]) -> None:
    """Detach the records that the batch itself attached: nothing that their source said before is left.

    The others are no mere repeats any more when they are sent again.
    """
    held = Link.objects.filter(pk__in=links)
    held.update(digest=None)
    objects = held.values("object_id")
    spoke_before = Change.objects.filter(
        resource=resource.key, source=batch.source, object_id__in=objects, batch_id__lt=batch.pk
    )
    # After a merge what was said before stands in the history of the other object.
    merged = Redirect.objects.filter(resource=resource.key, new_id__in=objects)
    made = (
        held.exclude(pk__in=FieldClaim.objects.filter(link__in=links).values("link"))
        .exclude(object_id__in=spoke_before.values("object_id"))
        .exclude(object_id__in=merged.values("new_id"))
    )
    detached = sorted(set(made.values_list("object_id", flat=True)))
    made.delete()
    unshare_objects(resource=resource, object_ids=detached)


def _forget_restored(resource: Resource, plan: UndoPlan, changed: list[int]) -> None:
    columns = {item.name: item.column for item in resource.fields} | {"custom": "custom"}
    for number, row in _rows(resource, [number for number in changed if number in plan.restore]).items():
        plan.restore[number] = {
            name: before
            for name, before in plan.restore[number].items()
            if not _is_same(row.get(columns.get(name, "")), before)
        }


def _is_same(held: Any, before: Any) -> bool:
    if isinstance(before, dict) and isinstance(held, dict):
        return held == {key: value for key, value in before.items() if value is not None}
    return bool(held == before)


def _rows(resource: Resource, numbers: list[int]) -> dict[int, dict[str, Any]]:
    query = sql.SQL("SELECT t.id, to_jsonb(t)::text FROM {} AS t WHERE t.id = ANY(%s)").format(
        sql.Identifier(resource.table)
    )
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection), [numbers])
        return {number: json.loads(text, parse_float=Decimal) for number, text in cursor.fetchall()}
