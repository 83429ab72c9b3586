"""Ids that stand for another object since the two were merged."""

from __future__ import annotations

from django.db import connection
from django.db.models.functions import Now

from common.sql import load_sql
from sync.models import Redirect


def target_of(resource: str, object_id: int) -> int | None:
    """Return the object that an id stands for now, through any number of merges; None where it was not merged."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "redirect_target"), {"resource": resource, "old": object_id})
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def start_redirect(*, resource: str, old_id: int, new_id: int, merge_id: int) -> None:
    """Let an id stand for another object from now on."""
    Redirect.objects.create(resource=resource, old_id=old_id, new_id=new_id, merge_id=merge_id)


def end_redirect(*, resource: str, old_id: int) -> None:
    """Let an id stand for its own object again."""
    Redirect.objects.filter(resource=resource, old_id=old_id, ended_at=None).update(ended_at=Now())
