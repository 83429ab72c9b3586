"""Own fields of accounts (``custom.<name>``) as fields of conditions, with the JSON types that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import BooleanField, DecimalField, Func, TextField, Value
from django.db.models.functions import NullIf

from accounts.conditions.past import as_it_was
from accounts.conditions.registry import ConditionField, Kind, Moment, Reading, condition_fields
from accounts.conditions.values import is_storable
from accounts.models import Account
from common.formatting import format_key
from common.sql import load_sql
from people.access import Access
from people.models import Category

CUSTOM = "custom."
LONGEST_NAME = 100
KINDS: dict[str, Kind] = {"string": "text", "number": "number", "boolean": "boolean"}
KEPT = 600  # seconds; a name that isn't known is looked for at once
CACHE_KEY = "accounts.condition_custom_fields"


class _Member(Func):
    template = "(%(expressions)s)"
    arg_joiner = " ->> "
    arity = 2
    output_field = TextField()


class _TypedMember(Func):
    """A member of one JSON type; null where it is of another."""

    arg_joiner = " -> "
    arity = 2

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        """Name the member twice, as the templates do."""
        sql, params = super().as_sql(*args, **kwargs)
        return sql, (*params, *params)


class _NumberMember(_TypedMember):
    template = (
        "(CASE WHEN jsonb_typeof(%(expressions)s) = 'number' THEN (%(expressions)s)::text::numeric END)"
    )
    output_field = DecimalField()


class _BooleanMember(_TypedMember):
    template = (
        "(CASE WHEN jsonb_typeof(%(expressions)s) = 'boolean' THEN (%(expressions)s)::text::boolean END)"
    )
    output_field = BooleanField()


_found: ContextVar[dict[str, list[Kind]] | None] = ContextVar("own fields found", default=None)


@contextmanager
def own_fields_once() -> Iterator[None]:
    """Look for each own field only once inside; within another one, that one's findings are used.

    A field that few accounts hold takes a look at all of them. Works as a decorator too.
    """
    if _found.get() is not None:
        yield
        return
    token = _found.set({})
    try:
        yield
    finally:
        _found.reset(token)


def custom_kinds() -> dict[str, list[Kind]]:
    """Return the own fields in use with what they hold, most frequent first; kept for ten minutes."""
    held: dict[str, list[Kind]] | None = cache.get(CACHE_KEY)
    return _discover() if held is None else held


def _discover() -> dict[str, list[Kind]]:
    found: dict[str, list[Kind]] = {}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", "conditions/custom_kinds"))
        for name, json_type in cursor.fetchall():
            if json_type in KINDS and len(name) <= LONGEST_NAME:
                found.setdefault(name, []).append(KINDS[json_type])
    cache.set(CACHE_KEY, found, KEPT)
    return found


def find_field(key: str, value: Any = None) -> ConditionField | None:
    """Return the field of a key; None where there is none (any more). One query for an own field.

    Own fields hold what their sources send, so ``value`` chooses between the types that one holds: a comparison
    with a number reads only numbers.
    """
    if not key.startswith(CUSTOM):
        return condition_fields.get(key)
    name = key.removeprefix(CUSTOM)
    kinds = _kinds_of(name)
    if not kinds:
        return None
    asked = _kind_of(value)
    return custom_field(name, asked if asked in kinds else kinds[0])


def present_field(field: ConditionField) -> ConditionField:
    """Return the field as it is read to ask whether it has a value: an own field whatever its type."""
    return custom_field(field.key.removeprefix(CUSTOM), "text") if field.key.startswith(CUSTOM) else field


def custom_fields() -> Sequence[ConditionField]:
    """Return the own fields in use, once for each type of value that they hold, the most frequent first."""
    return [custom_field(name, kind) for name, kinds in sorted(custom_kinds().items()) for kind in kinds]


def allowed_fields(access: Access | None) -> list[ConditionField]:
    """Return every field that the reader may ask about, own fields last; None reads everything."""
    return [field for field in (*condition_fields, *custom_fields()) if field.is_readable(access)]


def custom_field(name: str, kind: Kind) -> ConditionField:
    """Return the field of conditions for an own field, read as ``kind``."""
    return ConditionField(
        key=f"{CUSTOM}{name}",
        label=format_key(name),
        kind=kind,
        category=Category.ACCOUNT_PROFILE,
        read=partial(_read, name, kind),
        help="An own field of the account, as its sources send it.",
    )


def _read(name: str, kind: Kind, moment: Moment) -> Reading:
    custom, member = as_it_was("custom", moment), Value(name, TextField())
    if kind == "number":
        return Reading(expression=_NumberMember(custom, member))
    if kind == "boolean":
        return Reading(expression=_BooleanMember(custom, member))
    return Reading(expression=NullIf(_Member(custom, member), Value("", TextField())))


def _kinds_of(name: str) -> list[Kind]:
    found = _found.get()
    if found is not None and name in found:
        return found[name]
    kinds: list[Kind] = []
    if 0 < len(name) <= LONGEST_NAME and is_storable(name) and _is_held(name):
        kinds = custom_kinds().get(name) or _discover().get(name) or ["text"]
    if found is not None:
        found[name] = kinds
    return kinds


def _is_held(name: str) -> bool:
    return Account.objects.live().filter(custom__has_key=name).exists()


def _kind_of(value: Any) -> Kind | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "text" if isinstance(value, str) else None
