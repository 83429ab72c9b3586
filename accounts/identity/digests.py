"""Whether the records of two accounts have spoken since these were made one.

A record that is sent again while the merge holds may name either account by now, which can't be told from what
is held: both stand for one. Taking the merge back must not take it for a mere repeat afterwards.
"""

from __future__ import annotations

from django.db import connection
from psycopg import sql

from accounts.identity.moving import loser_only_sources, resource_of, rows_held
from accounts.identity.relations import Relation
from common.sql import load_sql


def journal_digests(merge_id: int, relation: Relation, *, held: int) -> None:
    """Note what the records of the journaled rows said last. Call it before the rows move."""
    resource = resource_of(relation.model)
    if resource is not None and not resource.stream:
        _journal(merge_id, resource.key, rows_held(merge_id, relation, held=held))


def journal_own_digests(merge_id: int, *accounts: int) -> None:
    """Note what the accounts' own records said last."""
    _journal(merge_id, "accounts", _literals(*accounts))


def spoke_since(merge_id: int, relation: Relation, *, winner: int) -> int:
    """Return how many of the rows that would return were sent anew by a source that knows both accounts."""
    resource = resource_of(relation.model)
    if resource is None or resource.stream:
        return 0
    found = _spoke(merge_id, resource.key, rows_held(merge_id, relation, held=winner), winner=winner)
    query = sql.SQL("SELECT count(*) FROM ({}) AS t WHERE is_certain AND NOT is_losers").format(found)
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection))
        return int(cursor.fetchone()[0])


def forget_digests(merge_id: int, relation: Relation, *, winner: int) -> None:
    """Let the records that spoke since count anew when they are sent again. Call it before the rows return."""
    resource = resource_of(relation.model)
    if resource is not None and not resource.stream:
        _forget(_spoke(merge_id, resource.key, rows_held(merge_id, relation, held=winner), winner=winner))


def forget_own_digests(merge_id: int, *, winner: int, loser: int) -> None:
    """Let the accounts' own records that spoke since count anew when they are sent again."""
    found = _spoke(merge_id, "accounts", _literals(winner, loser), winner=winner)
    # Those that came with another merge are of no concern here.
    _forget(sql.SQL("SELECT id FROM ({}) AS own WHERE is_certain").format(found))


def _spoke(merge_id: int, resource: str, objects: sql.Composable, *, winner: int) -> sql.Composable:
    query = load_sql(
        "accounts",
        "identity/spoke_since",
        merge=sql.Literal(merge_id),
        resource=sql.Literal(resource),
        objects=objects,
        loser_only=loser_only_sources(merge_id, winner),
    )
    return sql.SQL(query)


def _journal(merge_id: int, resource: str, objects: sql.Composable) -> None:
    query = load_sql("accounts", "identity/journal_digests", objects=objects)
    with connection.cursor() as cursor:
        cursor.execute(query, {"merge": merge_id, "resource": resource})


def _forget(spoke: sql.Composable) -> None:
    query = sql.SQL("UPDATE sync_link SET digest = NULL WHERE id IN (SELECT id FROM ({}) AS t)").format(spoke)
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection))


def _literals(*accounts: int) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Literal, accounts))
