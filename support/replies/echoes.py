"""Repetitions recognised late: what a help desk took over came as an event of its own, and is told of after."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper
from django.db.models.functions import Now

from common.sql import load_sql
from support.models import TicketEvent
from sync.declarations import Effect
from sync.models import OWN_SLUG, Change, FieldClaim, Link
from sync.pipeline.claims import share_objects
from sync.registry import resources

EVENTS = "ticket-events"


def written_here(names: set[str]) -> set[str]:
    """Return those of the names under which something was written here; others repeat nothing, whoever sends them."""
    own = Link.objects.filter(source__slug=OWN_SLUG, resource=EVENTS, external_id__in=names)
    return set(own.values_list("external_id", flat=True))


def _adopt(cursor: CursorWrapper) -> None:
    """Let the records of late repetitions stand for what was written here; readers are told that they are gone."""
    cursor.execute(load_sql("support", "echoes_late"), [EVENTS, OWN_SLUG])
    pairs = cursor.fetchall()
    if not pairs:
        return
    share_objects(resource=resources[EVENTS], object_ids=[written for _, written in pairs])
    cursor.execute("SELECT pg_current_xact_id()::text::bigint")
    (xid,) = cursor.fetchone()
    for late, written in pairs:
        FieldClaim.objects.filter(resource=EVENTS, object_id=late).delete()
        links = Link.objects.filter(resource=EVENTS, object_id=late)
        links.update(object_id=written, is_shared=True, digest=None)
        TicketEvent.objects.filter(pk=late).update(deleted_at=Now())
        Change.objects.create(resource=EVENTS, object_id=late, kind=Change.Kind.DELETED, xid=xid)
        # Says nothing new of it but by which names it goes.
        Change.objects.create(
            resource=EVENTS, object_id=written, kind=Change.Kind.UPDATED, before={}, after={}, xid=xid
        )


adopt_echoes = Effect(_adopt)
