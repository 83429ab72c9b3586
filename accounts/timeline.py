"""Lines of the timeline, written set-based beside the records that they tell of."""

from __future__ import annotations

from collections.abc import Callable

from django.db import models
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Left
from psycopg import sql

from common.sql import load_sql, sql_text
from sync.declarations import Effect

TITLE_LENGTH = 512


def timeline_rule(
    kind: str,
    *,
    model: Callable[[], type[models.Model]] | type[models.Model],
    category: str,
    happened_at: str | Combinable,
    title: str | Combinable,
    account: str = "account_id",
    when: Q | None = None,
    touched: tuple[str, str] | None = None,
) -> Effect:
    """Return the effect that keeps one timeline line for each record of ``model``.

    ``happened_at`` (a datetime) and ``title`` are ORM expressions over the record, ``account`` the path to
    its account. A record that no longer meets ``when``, or is deleted, loses its line; a repeat replaces it.
    ``touched`` names an app and a file of its SQL that selects, as ``object_id``, the records to tell of, where
    these aren't those of the batch: lines that depend on records of another resource as well.
    """

    def run(cursor: CursorWrapper) -> None:
        table = model if isinstance(model, type) else model()
        lines = _lines(table, happened_at=happened_at, title=title, account=account, when=when)
        select, params = lines.query.sql_with_params()
        parts = {
            "lines": _composed(select),
            "touched": _composed(f"({sql_text(*touched)})") if touched else sql.Identifier("sync_touched"),
        }
        cursor.execute(load_sql("accounts", "timeline_drop", **parts), [kind, *params])
        cursor.execute(load_sql("accounts", "timeline_write", **parts), [kind, category, *params])

    return Effect(run)


def _lines(
    model: type[models.Model],
    *,
    happened_at: str | Combinable,
    title: str | Combinable,
    account: str,
    when: Q | None,
) -> QuerySet[models.Model, tuple[object, ...]]:
    text = title if isinstance(title, Combinable) else Value(title)
    rows = model._base_manager.filter(deleted_at=None)  # noqa: SLF001 - Django documents it
    if when is not None:
        rows = rows.filter(when)
    return rows.order_by().values_list(
        "pk",
        F(account),
        Cast(F(happened_at) if isinstance(happened_at, str) else happened_at, models.DateTimeField()),
        Left(Cast(text, models.TextField()), TITLE_LENGTH),
    )


def _composed(select: str) -> sql.SQL:
    # Compiled by the ORM with its values left as parameters, or a file of ours.
    return sql.SQL(select)
