"""Records of shared objects get back, word for word, what they said before a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Batch, ClaimBefore, FieldClaim, Link, Redirect
from sync.pipeline.claims import unshare_objects
from sync.pipeline.locks import lock_resource
from sync.pipeline.settle import UnsettledError, hold_values, settle_objects
from sync.redirects import target_of
from sync.registry import resources
from sync.undoing.plan import Conflict, UndoPlan
from sync.undoing.shared import living

# A batch can be taken back later too, but a word of it that didn't count is only withdrawn then.
KEEP = timedelta(days=90)


@dataclass(slots=True)
class GivenBack:
    """What became of some objects: those with words given back, those whose values changed, what was left."""

    objects: set[int] = field(default_factory=set)
    changed: list[int] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def noted_objects(resource: Resource, batch: Batch, only: Collection[int] | None) -> list[int]:
    """Return the objects of whose records is kept what they said before the batch."""
    noted = ClaimBefore.objects.filter(batch_id=batch.pk, field="")
    links = Link.objects.filter(resource=resource.key, pk__in=noted.values("link"))
    if only is not None:
        links = links.filter(object_id__in=only)
    return sorted(set(links.values_list("object_id", flat=True)))


def give_words_back(resource: Resource, batch: Batch, plan: UndoPlan, objects: Sequence[int]) -> list[int]:
    """Let the records of shared objects say what they said before the batch; return the objects that changed.

    Takes what is done by that out of the plan. What a newer batch has changed since stays and is a conflict. Objects
    whose words wouldn't go together any more stay in the plan as they are.
    """
    if not objects:
        return []
    _follow_merges(resource, batch)
    given = _give_back(resource, batch, plan, objects)
    settled = given.objects.union(int(conflict.object_id) for conflict in given.conflicts)
    plan.given_back |= given.objects
    for number in settled:
        plan.restore.pop(number, None)
    plan.revive = [number for number in plan.revive if number not in settled]
    # What no record stands for any more goes; what one stands for stays.
    held = _held(resource, settled)
    gone = [number for number in living(resource, settled) if number not in held]
    plan.remove = [number for number in plan.remove if number not in settled] + gone
    # What stood in the way of a whole value says nothing about a single record's word.
    plan.conflicts = [
        conflict
        for conflict in plan.conflicts
        if _stands_for(resource, int(conflict.object_id)) not in settled
    ]
    plan.conflicts += given.conflicts
    return given.changed


def forget_words(batches: Collection[int]) -> None:
    """Forget what was said before batches that have been taken back."""
    ClaimBefore.objects.filter(batch_id__in=batches).delete()


def forget_old_words() -> int:
    """Forget what was said before batches that came long ago; return how many words.

    Locks one resource after the other: whoever takes a batch back has that lock too, so none of its words go
    while it is at it.
    """
    kept = Batch.objects.filter(received_at__gte=timezone.now() - KEEP).order_by("received_at").first()
    old = ClaimBefore.objects.all() if kept is None else ClaimBefore.objects.filter(batch_id__lt=kept.pk)
    forgotten = 0
    for resource in resources:
        if not resource.stream and old.filter(link__resource=resource.key).exists():
            with transaction.atomic():
                lock_resource(resource, None)
                forgotten += old.filter(link__resource=resource.key).delete()[0]
    return forgotten


def _stands_for(resource: Resource, object_id: int) -> int:
    return target_of(resource.key, object_id) or object_id


def _give_back(resource: Resource, batch: Batch, plan: UndoPlan, objects: Sequence[int]) -> GivenBack:
    """Give back and settle; where the words don't go together in one object, each by itself."""
    try:
        with transaction.atomic():
            return _write(resource, batch, plan, objects)
    except UnsettledError:
        given = GivenBack()
        if len(objects) > 1:
            for number in objects:
                one = _give_back(resource, batch, plan, [number])
                given.objects |= one.objects
                given.changed += one.changed
                given.conflicts += one.conflicts
        return given


def _write(resource: Resource, batch: Batch, plan: UndoPlan, objects: Sequence[int]) -> GivenBack:
    given = GivenBack(conflicts=_hand_on(batch, objects))
    params: dict[str, Any] = {"batch": batch.pk, "objects": list(objects)}
    noted = ClaimBefore.objects.filter(batch_id=batch.pk, link__object_id__in=objects)
    given.objects.update(noted.values_list("link__object_id", flat=True))
    came = dict(noted.filter(field="", was_there=False).values_list("link", "link__object_id"))
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_words_back"), params)
        cursor.execute(load_sql("sync", "undo_words_unsaid"), params)
        cursor.execute(load_sql("sync", "undo_words_records"), params)
    # Nothing that their source said before is left.
    Link.objects.filter(pk__in=came).delete()
    noted.delete()
    given.changed = _decide(resource, plan, objects)
    unshare_objects(resource=resource, object_ids=sorted(set(came.values())))
    return given


def _decide(resource: Resource, plan: UndoPlan, objects: Sequence[int]) -> list[int]:
    """Let objects hold what counts, and those that go what they last held."""
    held = _held(resource, objects)
    before = {
        number: plan.restore[number] for number in objects if number not in held and number in plan.restore
    }
    # Where newer changes are in the way of that, the records that were deleted have the last word.
    deleted = Link.objects.filter(resource=resource.key, object_id__in=set(objects) - held)
    changed = settle_objects(
        resource=resource,
        object_ids=[number for number in objects if number not in before],
        restored=list(deleted.values_list("pk", flat=True)),
    )
    return changed + hold_values(resource=resource, values=before)


def _held(resource: Resource, objects: Collection[int]) -> set[int]:
    """Return those of some objects for which a record stands."""
    links = Link.objects.filter(resource=resource.key, object_id__in=objects, deleted_at=None)
    return set(links.values_list("object_id", flat=True))


def _hand_on(batch: Batch, objects: Sequence[int]) -> list[Conflict]:
    """Leave what a newer batch has changed since, and let that batch's undoing bring what was before this one."""
    params: dict[str, Any] = {"batch": batch.pk, "objects": list(objects)}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "undo_words_overtaken"), params)
        overtaken = cursor.fetchall()
    came = [link for _, link, name, was_there, _ in overtaken if not name and not was_there]
    if came:
        # All that the batch said in them is withdrawn, also what newer ones would have brought back.
        FieldClaim.objects.filter(link__in=came, batch_id=batch.pk).delete()
        ClaimBefore.objects.filter(link__in=came, said_in=batch.pk).update(was_there=False)
    conflicts = []
    for number, _, name, was_there, later in overtaken:
        if name:
            conflicts.append(Conflict(str(number), name, f"Batch {later} has changed it since."))
        elif not was_there:
            detail = f"Batch {later} has changed its record since, so it stays."
            conflicts.append(Conflict(str(number), "", detail))
    return conflicts


def _follow_merges(resource: Resource, batch: Batch) -> None:
    """Let words that name what was merged since name what that is part of now."""
    noted = ClaimBefore.objects.filter(batch_id=batch.pk)
    for item in resource.fields:
        if not item.reference:
            continue
        of_field = noted.filter(field=item.name).exclude(value=None)
        named = {value for value in of_field.values_list("value", flat=True) if isinstance(value, int)}
        merged = Redirect.objects.filter(resource=item.reference, old_id__in=named, ended_at=None)
        for old in merged.values_list("old_id", flat=True):
            of_field.filter(value=old).update(value=target_of(item.reference, old))
