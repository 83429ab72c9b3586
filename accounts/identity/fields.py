"""The values of two accounts side by side, and which of them stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.db import connection

from accounts.identity.errors import MergeRefused
from common.sql import column_list, load_sql
from sync.declarations import Field, Resource
from sync.provenance.reading import label_of as label_of_own
from sync.registry import resources

WINNER = "winner"
LOSER = "loser"
BOTH = "both"
CUSTOM = "custom."
EMPTY: tuple[Any, ...] = (None, "", [], {})

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """The value of one field on both sides, as JSON, and the one that stays by default.

    ``joined`` is the whole of two lists; None where the values are no lists.
    """

    name: str
    column: str
    winner: Any
    loser: Any
    default: str
    joined: list[Any] | None = None

    @property
    def can_join(self) -> bool:
        """Whether both values may stay."""
        return self.joined is not None

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.winner != self.loser)

    def value(self, choice: str) -> Any:
        """Return what stays by a choice."""
        if choice == BOTH:
            return self.joined
        return self.winner if choice == WINNER else self.loser


def accounts_resource() -> Resource:
    """Return what the accounts' fields are declared in."""
    return resources["accounts"]


def read_values(*ids: int, lock: bool = False) -> dict[int, Values]:
    """Return the columns of accounts as JSON, by id; with ``lock`` the rows are locked in the order of ids."""
    name = "rows_as_json" if lock else "rows_as_json_unlocked"
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", f"identity/{name}"), [list(ids)])
        return {pk: _plain(values) for pk, values in cursor.fetchall()}


def compare(winner: Values, loser: Values, word: Values) -> list[Side]:
    """Return every field of two accounts side by side, own fields key by key as ``custom.<key>``.

    By default the sources' ``word`` stays, where they have one; else the winner's value, unless it is empty.
    """
    sides = [
        _side(item.name, item.column, winner[item.column], loser[item.column], field=item)
        for item in accounts_resource().fields
    ]
    keys = dict.fromkeys([*winner["custom"], *loser["custom"]])
    sides += [
        _side(f"{CUSTOM}{key}", f"{CUSTOM}{key}", winner["custom"].get(key), loser["custom"].get(key))
        for key in keys
    ]
    return [_by_word(side, word) for side in sides]


def check_choices(choices: Mapping[str, str], sides: list[Side]) -> dict[str, str]:
    """Return the choice for every field: the given one, else the default.

    Raises MergeRefused (``unknown_field``, ``bad_choice``).
    """
    known = {side.name: side for side in sides}
    for name, choice in choices.items():
        side = known.get(name)
        if side is None:
            raise MergeRefused("unknown_field", f"Accounts have no field {name!r} to choose.", field=name)
        taken = [WINNER, LOSER, *([BOTH] if side.can_join else [])]
        if choice not in taken:
            raise MergeRefused("bad_choice", f"{name} takes {', '.join(taken)}; not {choice!r}.", field=name)
    return {side.name: choices.get(side.name, side.default) for side in sides}


def changes_of(sides: list[Side], choices: Mapping[str, str]) -> dict[str, tuple[Any, Any]]:
    """Return (old, new) of each of the winner's columns that the choices change; own fields key by key."""
    found = {side.column: (side.winner, side.value(choices[side.name])) for side in sides}
    return {column: values for column, values in found.items() if values[0] != values[1]}


def write_values(account_id: int, values: Mapping[str, Any], held: Values) -> None:
    """Write columns of an account given as JSON; ``custom.<key>`` sets one own field, None takes it away."""
    if not values:
        return
    plain = {name: value for name, value in values.items() if not name.startswith(CUSTOM)}
    own = {name.removeprefix(CUSTOM): value for name, value in values.items() if name.startswith(CUSTOM)}
    if own:
        merged = held["custom"] | own
        plain["custom"] = {key: value for key, value in merged.items() if value is not None}
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("accounts", "identity/write_account", columns=column_list(list(plain))),
            [_json(plain), account_id],
        )


def field_name(column: str) -> str:
    """Return the name by which a column is known outside."""
    return next((item.name for item in accounts_resource().fields if item.column == column), column)


def column_of(name: str) -> str:
    """Return the column of a field."""
    field = accounts_resource().fields_by_name.get(name)
    return field.column if field is not None else name


def label_of(name: str) -> str:
    """Return a field's name in words."""
    if name.startswith(CUSTOM):
        return label_of_own(name)
    field = accounts_resource().fields_by_name.get(name)
    return str(field.model_field.verbose_name if field else name).capitalize()


def _side(name: str, column: str, winner: Any, loser: Any, *, field: Field | None = None) -> Side:
    if field is not None and field.is_array:
        joined = list(dict.fromkeys([*winner, *loser]))
        default = BOTH if winner and loser and winner != loser else (WINNER if winner else LOSER)
        return Side(name, column, winner, loser, default, joined)
    default = LOSER if winner in EMPTY and loser not in EMPTY else WINNER
    return Side(name, column, winner, loser, default)


def _by_word(side: Side, word: Values) -> Side:
    if side.name not in word:
        return side
    said = word[side.name]
    is_whole = side.default == BOTH and set(said or ()) == set(side.joined or ())
    if not is_whole:
        for name, value in ((WINNER, side.winner), (LOSER, side.loser)):
            if same(said, value):
                return replace(side, default=name)
    # As the records of the source that counts give the whole, or their next update would change it.
    return side if side.joined is None else replace(side, default=BOTH, joined=said or [])


def same(one: Any, other: Any) -> bool:
    """Return whether two values say the same; all empty ones do."""
    return bool(one == other) or (one in EMPTY and other in EMPTY)


def _json(values: Values) -> str:
    return msgspec.json.encode(values).decode()


def _plain(values: Any) -> Values:
    return dict(msgspec.json.decode(values) if isinstance(values, str | bytes) else values)
