"""What the sources say of two accounts that are made one: whose word counts, and what is held against it."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import connection, models, transaction
from django.utils import timezone
from psycopg import sql

from accounts.identity.fields import Values, accounts_resource, same
from accounts.identity.models import AccountMerge, MergedRow
from common.sql import load_sql
from people.models import User
from sync.models import FieldClaim, Link, PendingRecord, Pin
from sync.pipeline.claims import share_objects, unshare_objects, winners_params
from sync.pipeline.locks import lock_resource
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.registry import resources

MADE = "made"
KEPT: tuple[tuple[type[models.Model], str], ...] = (
    (FieldClaim, "value"),
    (Pin, "value"),
    (Pin, "ended_at"),
    (PendingRecord, "candidates"),
)


class _UndoneError(Exception):
    """Leaves a savepoint without a trace."""


def sources_word(winner: int, loser: int) -> Values:
    """Return what counts of each field by pins, precedence and time, were the two accounts one.

    Fields of which no source has said anything are left out. Tried in a savepoint that is undone; locks the
    accounts meanwhile, since it writes what batches write.
    """
    word: Values = {}
    params: dict[str, Any] = {"winner": winner, "loser": loser}
    try:
        with transaction.atomic():
            lock_resource(accounts_resource(), None)
            share_objects(resource=accounts_resource(), object_ids=[winner, loser])
            with connection.cursor() as cursor:
                cursor.execute(load_sql("accounts", "identity/claims_together"), params)
                cursor.execute(
                    load_sql("sync", "claims/winners"), winners_params(accounts_resource(), [winner])
                )
                word = {field: _from_json(value) for _, field, value, *_ in cursor.fetchall()}
            raise _UndoneError
    except _UndoneError:
        return word


def begin_sharing(winner: int, loser: int) -> None:
    """Keep from now on who says what of both accounts. Call it before their links move."""
    share_objects(resource=accounts_resource(), object_ids=[winner, loser])


def follow_links(*accounts: int) -> None:
    """Let claims stand with the account that their record stands for now."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", "identity/claims_follow"), {"accounts": list(accounts)})


def stop_sharing(*accounts: int) -> list[tuple[int, str]]:
    """Let the sources decide anew what each account holds; return accounts where their words don't go together.

    Accounts with one record left and no pin stop being shared.
    """
    resource = accounts_resource()
    unsettled = []
    links = Link.objects.filter(resource=resource.key, deleted_at=None)
    for account in accounts:
        if not links.filter(object_id=account, is_shared=True).exists():
            continue
        try:
            settle_objects(resource=resource, object_ids=[account])
        except UnsettledError as error:
            unsettled.append((account, f"{error.field}: {error.detail}"))
    unshare_objects(resource=resource, object_ids=list(accounts))
    return unsettled


def hold_choices(merge: AccountMerge, word: Values, wanted: Values, *, by: User | None, reason: str) -> None:
    """Pin what was chosen against the word of the sources, which would undo the choice with their next update."""
    for field, value in wanted.items():
        if field not in word or same(word[field], value):
            continue
        held = Pin.objects.filter(resource="accounts", object_id=merge.winner_id, field=field, ended_at=None)
        now = timezone.now()
        for pin in held:
            keep_value(merge, Pin, pin.pk, "ended_at", None, now.isoformat())
        held.update(ended_at=now, ended_by=by)
        pin = Pin.objects.create(
            resource="accounts",
            object_id=merge.winner_id,
            field=field,
            value=value,
            reason=reason[:500],
            pinned_by=by,
        )
        keep_value(merge, Pin, pin.pk, MADE, None, None)


def hold_value(account: int, field: str, value: Any, reason: str) -> None:
    """Pin a value that the sources' word must not replace; a pin that is there stays."""
    Pin.objects.get_or_create(
        resource="accounts",
        object_id=account,
        field=field,
        ended_at=None,
        defaults={"value": value, "reason": reason},
    )


def repoint_words(merge: AccountMerge) -> None:
    """Let claims, pins and open decisions that name the loser's id name the winner's."""
    named = [
        (resource.key, item.name)
        for resource in resources
        for item in resource.fields
        if item.reference == "accounts"
    ]
    params: dict[str, Any] = {
        "held": merge.loser_id,
        "resources": [key for key, _ in named],
        "fields": [field for _, field in named],
    }
    for said in (FieldClaim, Pin):
        query = load_sql("accounts", "identity/said", table=sql.Identifier(said._meta.db_table))
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            found = [pk for pk, _ in cursor.fetchall()]
        for pk in found:
            keep_value(merge, said, pk, "value", merge.loser_id, merge.winner_id)
    waiting = PendingRecord.objects.filter(
        resource="accounts", code=PendingRecord.AMBIGUOUS, candidates__contains=[merge.loser_id]
    )
    for record in waiting:
        candidates = record.candidates or []
        named_now = [merge.winner_id if pk == merge.loser_id else pk for pk in candidates]
        keep_value(merge, PendingRecord, record.pk, "candidates", candidates, list(dict.fromkeys(named_now)))
    for model, column in KEPT:
        if column != "ended_at":  # written where it was noted
            _write(merge, model, column, side="new", held="old")


def take_back_words(merge: AccountMerge) -> None:
    """Undo ``repoint_words`` and ``hold_choices``, but for what was changed since."""
    made = MergedRow.objects.filter(merge=merge, model=Pin._meta.label, column=MADE)
    Pin.objects.filter(pk__in=[row.pk_values[0] for row in made], ended_at=None).delete()
    for model, column in KEPT:
        _write(merge, model, column, side="old", held="new")
    ended = MergedRow.objects.filter(merge=merge, model=Pin._meta.label, column="ended_at")
    Pin.objects.filter(pk__in=[row.pk_values[0] for row in ended], ended_at=None).update(ended_by=None)


def keep_value(
    merge: AccountMerge, model: type[models.Model], pk: int, column: str, old: Any, new: Any
) -> None:
    """Note in the journal one value that the merge writes."""
    MergedRow.objects.create(
        merge=merge, model=model._meta.label, pk_values=[pk], column=column, old=old, new=new
    )


def _write(merge: AccountMerge, model: type[models.Model], column: str, *, side: str, held: str) -> None:
    query = load_sql(
        "accounts",
        "identity/write_value",
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(column),
        side=sql.Identifier(side),
        held=sql.Identifier(held),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"merge": merge.pk, "model": model._meta.label, "name": column})


def _from_json(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value
