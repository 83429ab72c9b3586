"""Parents of accounts that are made one, or two again: never a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection
from psycopg import sql

from common.sql import load_sql


def safe_parent(column: str, *, winner: int, loser: int, wanted: Iterable[int | None]) -> int | None:
    """Return the first of ``wanted`` that can be the winner's parent once the loser is part of it.

    An account below either of the two can't be; an empty one always can.
    """
    for parent in wanted:
        if parent is None:
            return None
        if parent in (winner, loser):
            continue
        above = parents_above(column, [parent])
        if winner not in above and loser not in above:
            return parent
    return None


def closes_circle(column: str, *, start: int, parents: Mapping[int, int | None]) -> bool:
    """Return whether ``start`` would be its own ancestor with these ``parents`` in place of those held."""
    edges = parents_above(column, sorted({parent for parent in parents.values() if parent is not None}))
    seen: set[int] = set()
    here = parents[start]
    while here is not None and here not in seen:
        if here == start:
            return True
        seen.add(here)
        here = parents[here] if here in parents else edges.get(here)
    return False


def parents_above(column: str, starts: list[int]) -> dict[int, int | None]:
    """Return the parent of each of ``starts`` and of every account above them."""
    query = load_sql(
        "sync", "ancestors", target=sql.Identifier("accounts_account"), parent=sql.Identifier(column)
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [starts])
        return dict(cursor.fetchall())
