"""Query parameters of a list, turned into conditions on its records."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import msgspec
from django.db import models
from django.http import QueryDict

from people.access import Access
from sync.api.components import Schema, own_components
from sync.declarations import Field, Instant, Resource
from sync.models import Link
from sync.pipeline.validate import decimal_check
from sync.problems import Problem
from sync.redirects import target_of

CUSTOM = re.compile(r"custom(?:\.(?P<dotted>.*)|\[(?P<bracketed>.*)\])", re.DOTALL)
FREE_TEXT: Schema = {"type": "string"}
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
PAGING = ("cursor", "page_size", "updated_since")


class Condition(NamedTuple):
    """One piece of SQL over ``t`` (the record) or ``c`` (its change), which it begins with, and its values.

    ``{n}`` in the text is the condition's number, so that parameters of several don't clash. ``of_reference``
    says that it names another record, for which there is an index.
    """

    text: str
    values: tuple[Any, ...]
    of_reference: bool = False


# What no record fits; an index says so at once.
NOTHING = Condition("t.id = %(value_{n}_0)s", (0,), True)


def list_conditions(resource: Resource, params: QueryDict, access: Access) -> list[Condition]:
    """Return the conditions that a list's query parameters ask for.

    Raises Problem: 400 for an unknown parameter or a value that doesn't fit, 403 for a filter on a field
    that the reader may not see.
    """
    conditions = []
    for name in params:
        values = params.getlist(name)
        own = CUSTOM.fullmatch(name)
        if name not in PAGING and not own and name not in resource.filters:
            known = ", ".join([*PAGING, *resource.filters, "custom.<key>"])
            raise Problem(400, "unknown_parameter", f"Unknown parameter {name!r}; known: {known}.")
        if len(values) > 1:
            raise Problem(400, "bad_parameter", f"{name} is given more than once.")
        if name == "updated_since":
            column = "t.received_at" if resource.stream else "c.changed_at"
            conditions.append(Condition(f"{column} >= %(value_{{n}}_0)s", (since_of(params),)))
        elif "\x00" in name or "\x00" in values[0]:
            conditions.append(NOTHING)  # no column holds this character
        elif own:
            key = own["dotted"] or own["bracketed"] or ""
            conditions.append(Condition("t.custom ->> %(value_{n}_0)s = %(value_{n}_1)s", (key, values[0])))
        elif name not in PAGING:
            conditions.append(_field_condition(resource, resource.fields_by_name[name], values[0], access))
    return conditions


@cache
def filter_parameter(resource: Resource, item: Field) -> Schema:
    """Return what the schema says of a filter: text is taken as it comes, since none may simply fit no record."""
    if item.reference:
        return {
            "schema": {"type": "string", "pattern": "^([0-9]{1,18}|[-a-zA-Z0-9_]*:.*)$"},
            "description": "Our id, or `source:external_id`.",
        }
    said: Schema = own_components(resource)[resource.record.__name__]["properties"][item.name]
    options = [said, *said.get("anyOf", ())]
    if any(option.get("format") == "decimal" for option in options):
        return {"schema": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"}}
    texts = [option for option in options if option.get("type") == "string" and "enum" not in option]
    if item.vocabulary or any(option.get("format") not in ("date", "date-time") for option in texts):
        return {"schema": FREE_TEXT}
    return {"schema": said}


def since_of(params: QueryDict) -> datetime | None:
    """Return the time that ``updated_since`` names, None without it. Raises Problem (400) for what is no time."""
    text = params.get("updated_since")
    if text is None:
        return None
    try:
        # In an address a plus sign is a space; clients forget to quote it.
        moment = msgspec.convert(text.replace(" ", "+"), Instant)
    except msgspec.ValidationError as error:
        raise Problem(
            400,
            "bad_parameter",
            "updated_since takes an ISO 8601 time with its offset, such as 2026-06-30T12:00:00Z.",
        ) from error
    # Far from any change, a time may be moved further into the range that the database can hold.
    return min(max(moment, EARLIEST), LATEST)


def _field_condition(resource: Resource, item: Field, text: str, access: Access) -> Condition:
    if item.category and not access.allows(item.category):
        raise Problem(403, "redacted", f"{item.name} can't be filtered by: {access.why_not(item.category)}")
    if item.reference:
        value: Any = _reference(item, text)
    elif item.vocabulary:
        value = item.vocabulary.load().get(text, 0)
    else:
        try:
            value = _typed(resource, item, text)
        except ValueError:  # of the right type, but no record holds such a value
            return NOTHING
    return Condition(f't."{item.column}" = %(value_{{n}}_0)s', (value,), bool(item.reference))


def _reference(item: Field, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return target_of(item.reference, int(text)) or int(text)
    source, colon, external_id = text.partition(":")
    if not colon:
        raise Problem(
            400, "bad_parameter", f"{item.name} takes our id, or source:external_id such as salesforce:001A."
        )
    links = Link.objects.filter(resource=item.reference, source__slug=source, external_id=external_id)
    return links.values_list("object_id", flat=True).first() or 0


def _typed(resource: Resource, item: Field, text: str) -> Any:
    value: Any = text
    if filter_parameter(resource, item)["schema"] is not FREE_TEXT:
        try:
            value = msgspec.convert(text, _hints(resource)[item.name], strict=False)
            if isinstance(item.model_field, models.DecimalField) and value is not None:
                value = decimal_check(item.model_field)(value)
        except (msgspec.ValidationError, ValueError) as error:
            detail = str(error).rpartition("|")[2]
            raise Problem(400, "bad_parameter", f"{item.name}: {detail}") from error
    value = item.normalise(value) if item.normalise and value is not None else value
    if value is None:
        return item.cleared
    return getattr(value, "value", value)


@cache
def _hints(resource: Resource) -> dict[str, Any]:
    return get_type_hints(resource.record, include_extras=True)
