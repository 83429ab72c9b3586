"""A condition as a queryset: one query for any number of conditions, with a join for each source of values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from django.db.models import DateField, Q, Value

from accounts.conditions.custom import own_fields_once
from accounts.conditions.expression import (
    AllOf,
    BrokenConditionError,
    Condition,
    Leaf,
    Not,
    ensure_sound,
    leaves,
    resolve,
)
from accounts.conditions.operators import DAY
from accounts.conditions.registry import ConditionField, Moment
from accounts.models import Account
from accounts.querysets import AccountQuerySet

# Conditions as the database's optimiser sees them too: true of every account, and of none.
EVERY_ACCOUNT = Q(pk__isnull=False)
NO_ACCOUNT = Q(pk__lt=0)


@own_fields_once()
def matching(
    condition: Condition,
    *,
    as_of: date | None = None,
    is_held: bool = False,
    numbers_on: date | None = None,
    accounts: AccountQuerySet | None = None,
) -> AccountQuerySet:
    """Return the accounts for which the condition holds; live ones unless ``accounts`` are given.

    ``as_of`` asks about a day: numbers as the newest refresh up to it stored them, the profile as it was when the day
    ended, for accounts that are live today. ``is_held`` asks by the thresholds to stay. Raises BrokenConditionError
    where the condition speaks of something that is gone.
    """
    every = Account.objects.live() if accounts is None else accounts
    joined = with_fields(every, [condition], as_of=as_of, numbers_on=numbers_on)
    # Soundness was checked with the fields.
    return joined.filter(_meaning(condition, is_held=is_held, is_negated=False))


@own_fields_once()
def with_fields(
    accounts: AccountQuerySet,
    conditions: Iterable[Condition],
    *,
    as_of: date | None = None,
    numbers_on: date | None = None,
    moment: Moment | None = None,
) -> AccountQuerySet:
    """Return ``accounts`` with an alias for each field that the conditions use, so that ``meaning`` can be asked.

    However many conditions use a field, it is joined once. Raises BrokenConditionError.
    """
    when = moment or Moment(as_of=as_of, numbers_on=numbers_on)
    fields = used_fields(conditions)
    joined = accounts.alias(**{DAY: Value(when.day, DateField())})
    readings = {alias: field.read(when) for alias, field in fields.items()}
    relations = {name: relation for one in readings.values() for name, relation in one.relations.items()}
    if relations:
        joined = joined.alias(**relations)
    return joined.alias(**{alias: reading.expression for alias, reading in readings.items()})


@own_fields_once()
def meaning(condition: Condition, *, is_held: bool = False, is_checked: bool = False) -> Q:
    """Return the condition over the aliases of ``with_fields``, never null: for filters and for ``When``.

    A comparison with a missing value is false, and its negation true. Raises BrokenConditionError; ``is_checked``
    where that was asked already, as it takes longer than the rest.
    """
    if not is_checked:
        ensure_sound(condition)
    return _meaning(condition, is_held=is_held, is_negated=False)


def _meaning(condition: Condition, *, is_held: bool, is_negated: bool) -> Q:
    if isinstance(condition, Leaf):
        return leaf_meaning(condition, is_held=is_held, is_negated=is_negated)
    if isinstance(condition, Not):
        return _meaning(condition.part, is_held=is_held, is_negated=not is_negated)
    if not condition.parts:
        return NO_ACCOUNT if is_negated else EVERY_ACCOUNT
    # “Not” is carried down to the comparisons: what is null there is false under AND and OR alike.
    is_all = isinstance(condition, AllOf) is not is_negated
    parts = [_meaning(part, is_held=is_held, is_negated=is_negated) for part in condition.parts]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if is_all else found | part
    return found


def leaf_meaning(leaf: Leaf, *, is_held: bool, is_negated: bool = False) -> Q:
    """Return one comparison, or its opposite, over the aliases of ``with_fields``; null counts as false."""
    field, operator = resolve(leaf)
    alias = alias_of(field)
    holds = operator.meaning(alias, threshold(leaf, is_held=is_held))
    if not is_negated:
        return holds
    return (
        ~holds
        if operator.asks_presence or field.is_never_missing
        else Q(**{f"{alias}__isnull": True}) | ~holds
    )


def threshold(leaf: Leaf, *, is_held: bool) -> object:
    """Return the value that counts: the one to stay for whoever is in, where there is one."""
    return leaf.stay if is_held and leaf.stay is not None else leaf.value


def used_fields(conditions: Iterable[Condition]) -> dict[str, ConditionField]:
    """Return the fields that conditions use by the alias under which they are read; raises BrokenConditionError."""
    found: dict[str, ConditionField] = {}
    for condition in conditions:
        ensure_sound(condition)
        for _, leaf in leaves(condition):
            field, _ = resolve(leaf)
            found[alias_of(field)] = field
    return found


def numbers_read(condition: Condition) -> set[str]:
    """Return the keys of what a condition reads: its fields, and the numbers behind them, as health behind its band.

    What is gone is left out, so that a broken condition names what it still reads.
    """
    found: set[str] = set()
    for _, leaf in leaves(condition):
        with suppress(BrokenConditionError):
            field, _ = resolve(leaf)
            found |= {field.key, field.explain} - {""}
    return found


def alias_of(field: ConditionField) -> str:
    """Return the name under which a field stands in queries: readable, and its own whatever its key holds."""
    digest = hashlib.blake2b(f"{field.key}:{field.kind}".encode(), digest_size=4).hexdigest()
    readable = re.sub("[^a-z0-9]+", "_", field.key.lower()).strip("_")[:40].rstrip("_")
    return f"condition_{readable}_{digest}"
