"""Checks that types can't say, and the form in which values are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec
from django.db import models
from msgspec import UNSET, UnsetType

from sync.declarations import Field, FieldError, Record, Resource, decimal_limits
from sync.pipeline.batch import STALE, Row, Run

# PostgreSQL takes years that Python can't read back; real records lie well within these.
FIRST_YEAR, LAST_YEAR = 1899, 9999

MAX_JSON_BYTES = 65_536
MAX_DEPTH = 32


class Check(NamedTuple):
    """How a field's values are brought into the form that is kept; a ValueError refuses one.

    ``repeats`` says that a column may hold few values often, so that each is looked at once; ``fine`` looks at
    a whole column's values and says at little cost whether all may stay as they are.
    """

    name: str
    keep: Callable[[Any], Any]
    repeats: bool = False
    fine: Callable[[list[Any]], bool] | None = None


def validate_rows(run: Run, *, may_hold_nul: bool) -> None:
    """Bring every value of the rows into the form that is kept; refuse rows whose values can't be."""
    records = [row.record for row in run.rows]
    for check in _checks(run.resource):
        column = [getattr(record, check.name) for record in records]
        if column.count(UNSET) < len(column):
            _check_column(run, check, column)
    if may_hold_nul:
        _refuse_nul(run)
    run.drop_settled()


def _check_column(run: Run, check: Check, column: list[Any]) -> None:
    if check.fine and check.fine([value for value in column if value is not UNSET and value is not None]):
        return
    verdicts = _verdicts(check, column)
    if verdicts is not None and not verdicts:
        return
    for place, value in enumerate(column):
        if value is UNSET or value is None:
            continue
        kept = _verdict(check, value) if verdicts is None else verdicts.get(value, value)
        if isinstance(kept, FieldError):
            run.reject(run.rows[place], kept)
        elif kept is not value:
            setattr(run.rows[place].record, check.name, kept)


def _verdicts(check: Check, column: list[Any]) -> dict[Any, Any] | None:
    """Return what becomes of each value that doesn't stay as it is; None where values hardly repeat."""
    if not check.repeats:
        return None
    try:
        distinct = set(column)
    except TypeError:  # a signalling NaN can't be hashed; looked at one by one it is refused by name
        return None
    if len(distinct) * 2 > len(column):
        return None
    distinct -= {UNSET, None}
    looked_at = ((value, _verdict(check, value)) for value in distinct)
    return {value: kept for value, kept in looked_at if kept is not value}


def _verdict(check: Check, value: Any) -> Any:
    """Return the value to keep, ``value`` itself where it is fine, or the error that refuses it."""
    try:
        kept = check.keep(value)
    except ValueError as error:
        code, _, detail = str(error).rpartition("|")
        return FieldError(check.name, code or "invalid", detail)
    # Equal decimals may differ in exponent, and PostgreSQL refuses the extremes that Python takes.
    return value if kept == value and not isinstance(value, Decimal) else kept


def drop_repeats(run: Run) -> None:
    """Let the newest of several records with one external id stand; the others are stale.

    Records of one time, or without a time, are told apart by their order in the call: the last wins.
    """
    if len({row.record.external_id for row in run.rows}) == len(run.rows):
        return
    newest: dict[str, Row] = {}
    for row in run.rows:
        held = newest.get(row.record.external_id)
        if held is not None:
            mine, its = row.time, held.time
            row_is_older = mine is not None and its is not None and mine < its
            run.settle(row if row_is_older else held, STALE)
            if row_is_older:
                continue
        newest[row.record.external_id] = row
    run.drop_settled()


@cache
def _checks(resource: Resource) -> tuple[Check, ...]:
    checks = [Check("source_updated_at", _instant, fine=_within_years), Check("custom", _document)]
    for item in resource.fields:
        if item.normalise:
            checks.append(Check(item.name, item.normalise, repeats=True))
        if check := _column_check(item):
            checks.append(check)
    return tuple(checks)


def _column_check(item: Field) -> Check | None:
    model_field = item.model_field
    if item.vocabulary or item.reference:
        return None
    if isinstance(model_field, models.DateTimeField):
        return Check(item.name, _instant, fine=_within_years)
    if isinstance(model_field, models.DateField):
        return Check(item.name, _day, fine=_within_years)
    if isinstance(model_field, models.DecimalField):
        return Check(item.name, decimal_check(model_field), repeats=True)
    # The entries of a typed list have limits of their own.
    if item.is_json and item.parts is None:
        return Check(item.name, _document)
    return None


def _within_years(values: list[Any]) -> bool:
    return not values or (min(values).year > FIRST_YEAR and max(values).year < LAST_YEAR)


def _instant(value: datetime) -> datetime:
    # Offsets shift a time by less than a day, so years well inside need no arithmetic.
    if FIRST_YEAR < value.year < LAST_YEAR:
        return value
    raise ValueError(f"out_of_range|The year must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}.")


def _day(value: date) -> date:
    if value.year > FIRST_YEAR:
        return value
    raise ValueError(f"out_of_range|The year must be {FIRST_YEAR + 1} or later.")


def decimal_check(model_field: models.DecimalField[Any, Any]) -> Callable[[Decimal], Decimal]:
    """Return what brings a number to the steps of its column, raising ValueError where it can't be kept."""
    step, limit = decimal_limits(model_field)
    largest = limit - step

    def check(value: Decimal) -> Decimal:
        if not value.is_finite():
            raise ValueError("not_finite|A number is expected, not NaN or infinity.")
        if not -largest <= value <= largest:
            raise ValueError(f"out_of_range|The number must lie between -{largest} and {largest}.")
        try:
            return value.quantize(step)
        except ArithmeticError as error:
            raise ValueError("out_of_range|The number has too many digits.") from error

    return check


def _document(value: Any) -> Any:
    try:
        text = msgspec.json.encode(value)
    except RecursionError:
        text = b"[" * (MAX_DEPTH + 1)
    # Fewer brackets than levels can't be too deep.
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise ValueError(f"too_deep|The value may be nested {MAX_DEPTH} levels deep.")
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"too_long|The value may take up to {MAX_JSON_BYTES:,} bytes as JSON.")
    return value


def _deeper_than(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_deeper_than(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_deeper_than(item, levels - 1) for item in value)
    return False


def _refuse_nul(run: Run) -> None:
    for row in run.rows:
        for name in row.record.__struct_fields__:
            value = getattr(row.record, name)
            if value is not UNSET and _holds_nul(value):
                run.reject(
                    row,
                    FieldError(
                        name, "nul_character", "The value holds the NUL character, which no text may."
                    ),
                )


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    if isinstance(value, msgspec.Struct):
        return any(_holds_nul(getattr(value, name)) for name in value.__struct_fields__)
    return False


def missing_fields(resource: Resource, record: Record) -> list[FieldError]:
    """Return an error for each field that a new record needs and ``record`` lacks."""
    return [
        FieldError(name, "required", "This field is required for a new record.")
        for name in resource.required
        if isinstance(getattr(record, name), UnsetType)
    ]
