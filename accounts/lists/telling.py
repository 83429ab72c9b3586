"""What other systems are told of shared target lists: who came and who went, in the transaction of the change.

Nobody is told of a list that only its owner sees. One that is shared, or brought back, is told with all its members as
added; one that no longer is, or is deleted, with all as removed: who applies what is told holds the list.
"""

from __future__ import annotations

import json

from django.db import connection

from accounts.lists.models import ListChange, TargetList
from common.sql import load_sql
from people.models import Category, User
from sync.webhooks.wake import wake_relay_on_commit

# Accounts in one event; an id takes some ten bytes of its body.
MOST_TOLD = 1000
SHARED, RESTORED, CLOSED, DELETED = "shared", "restored", "closed", "deleted"


def tell_change(target: TargetList, change: ListChange) -> None:
    """Tell who came and went with a change; ``target`` is what the list is after it."""
    if target.is_shared and target.deleted_at is None:
        _tell(target, change.cause, change.by, change=change.pk)


def tell_whole(target: TargetList, cause: str, by: User | None) -> None:
    """Tell that others see a list from now on (``shared``, ``restored``), or no longer (``closed``, ``deleted``)."""
    _tell(target, cause, by, is_shown=cause in (SHARED, RESTORED))


def _tell(
    target: TargetList, cause: str, by: User | None, *, change: int | None = None, is_shown: bool = True
) -> None:
    count = target.memberships.filter(left_with=None).count() if is_shown else 0
    data = {
        "list": str(target.pk),
        "name": target.name,
        "kind": target.kind,
        "version": target.version,
        "cause": cause,
        "by": str(by) if by else None,
        "members": count,
    }
    profile = str(Category.ACCOUNT_PROFILE)
    members = " ".join([profile, *target.needs])
    guards = dict.fromkeys(("name", "by"), profile) | dict.fromkeys(("members", "added", "removed"), members)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("accounts", "lists/tell"),
            {
                "list": target.pk,
                "change": change,
                "is_whole": change is None,
                "is_shown": is_shown,
                "most": MOST_TOLD,
                "data": json.dumps(data),
                "guards": json.dumps(guards),
            },
        )
    wake_relay_on_commit()
