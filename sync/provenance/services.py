"""Writes about whose word counts: pins and the order of the sources."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_type_hints

import msgspec
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from msgspec import UNSET

from people.models import User
from sync.declarations import Field, FieldError, Record, Resource
from sync.models import FieldPrecedence, Link, Pin, Source
from sync.pipeline.batch import Result, Row, Run
from sync.pipeline.claims import share_objects, unshare_objects
from sync.pipeline.locks import lock_resource
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.pipeline.validate import validate_rows
from sync.registry import resources
from sync.wording import in_words

logger = logging.getLogger(__name__)


@transaction.atomic
def set_pin(
    *,
    resource: Resource,
    object_id: int,
    field: str,
    value: Any,
    reason: str,
    by: User | None,
    expires_at: datetime | None = None,
) -> Pin:
    """Hold a value against every source from now on; an earlier pin of the field ends.

    ``value`` is as a client would send it; for a reference it is the id of our object. None holds the field
    empty. Locks the resource. Raises ValidationError naming what is wrong: ``value`` (as a sync client would
    be told), ``reason``, ``expires_at`` or ``field``.
    """
    item = _field(resource, field)
    if not reason.strip():
        raise ValidationError({"reason": "Say why, for those who will wonder."})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": "A pin ends in the future; choose a later time or none."})
    kept = _kept(resource, field, item, value)
    lock_resource(resource, None)
    if not resource.model._base_manager.filter(pk=object_id).exists():  # noqa: SLF001 - Django documents it
        raise ValidationError({"field": f"There is no {resource.singular} {object_id}."})
    share_objects(resource=resource, object_ids=[object_id])
    held = Pin.objects.filter(resource=resource.key, object_id=object_id, field=field, ended_at=None)
    held.update(ended_at=timezone.now(), ended_by=by)
    pin = Pin.objects.create(
        resource=resource.key,
        object_id=object_id,
        field=field,
        value=kept,
        reason=reason.strip()[:500],
        pinned_by=by,
        expires_at=expires_at,
    )
    _settle(resource, [object_id])
    return pin


@transaction.atomic
def end_pin(*, pin: Pin, by: User | None) -> None:
    """Let the sources decide again; ending a pin that has ended changes nothing. Locks the resource."""
    resource = resources[pin.resource]
    lock_resource(resource, None)
    ended = Pin.objects.filter(pk=pin.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=by)
    if ended:
        _settle(resource, [pin.object_id])
        unshare_objects(resource=resource, object_ids=[pin.object_id])
    pin.refresh_from_db()


def end_expired_pins() -> int:
    """Let the sources decide again where a pin's time is over; return how many ended."""
    ended = 0
    for pin in Pin.objects.filter(ended_at=None, expires_at__lte=timezone.now()).order_by("pk"):
        try:
            end_pin(pin=pin, by=None)
        except ValidationError as error:
            # The value stays until the sources' words go together again; other pins needn't wait for that.
            logger.info("Pin %s can't end yet: %s", pin.pk, " ".join(error.messages))
        else:
            ended += 1
    return ended


@transaction.atomic
def set_precedence(*, resource: Resource, field: str, sources: Sequence[str]) -> None:
    """Say whose word counts, the strongest source first; no sources end the field's own order.

    ``field`` empty means every field without an order of its own; ``custom.<key>`` one own field. Takes effect
    for the values held through ``settling.settle_soon``, called in the same transaction. Raises ValidationError
    for an unknown field or source, or a source named twice. Locks the resource, so that of two orders saved at
    once the later holds.
    """
    if field:
        _field(resource, field)
    known = dict(Source.objects.values_list("slug", "pk"))
    unknown = [slug for slug in sources if slug not in known]
    if unknown:
        raise ValidationError({"sources": f"There is no source {', '.join(unknown)}."})
    if len(set(sources)) < len(sources):
        raise ValidationError({"sources": "Each source stands once in the order."})
    lock_resource(resource, None)
    held = FieldPrecedence.objects.filter(resource=resource.key, field=field)
    if list(held.order_by("rank").values_list("source__slug", flat=True)) == list(sources):
        return
    held.delete()
    for rank, slug in enumerate(sources, start=1):
        FieldPrecedence.objects.create(resource=resource.key, field=field, source_id=known[slug], rank=rank)


def _settle(resource: Resource, object_ids: list[int]) -> None:
    try:
        settle_objects(resource=resource, object_ids=object_ids)
    except UnsettledError as error:
        raise ValidationError({"value": f"{error.field}: {error.detail}"}) from error
    except IntegrityError as error:  # what the database itself keeps, such as an issued invoice
        raise ValidationError({"value": str(error).partition("\n")[0]}) from error


def _field(resource: Resource, name: str) -> Field | None:
    """Return a declared field, None for one of the own fields. Raises ValidationError for neither."""
    if name.startswith("custom.") and len(name) > len("custom."):
        return None
    item = resource.fields_by_name.get(name)
    if item is None:
        raise ValidationError({"field": f"{resource.key} has no field {name!r}."})
    return item


def _kept(resource: Resource, name: str, item: Field | None, value: Any) -> Any:
    """Return the value in the form that its column keeps, as JSON. Raises ValidationError."""
    if item is None:
        return _checked(resource, "custom", {name.removeprefix("custom."): value})[
            name.removeprefix("custom.")
        ]
    if item.reference:
        return _known_object(item, value)
    if value is None or value == "":
        if item.required:
            raise ValidationError({"value": "This field can't be empty."})
        return msgspec.to_builtins(item.cleared, str_keys=True)
    kept = _checked(resource, name, value)
    if item.vocabulary:
        words = item.vocabulary.load()
        if kept not in words:
            raise ValidationError(
                {"value": f"No such {item.vocabulary.noun}; there are: {', '.join(words)}."}
            )
        return words[kept]
    return msgspec.to_builtins(kept, str_keys=True)


def _known_object(item: Field, value: Any) -> int | None:
    if value is None:
        return None
    model = item.model_field.related_model
    assert isinstance(model, type)
    assert issubclass(model, models.Model)
    if not model._base_manager.filter(pk=value).exists():  # noqa: SLF001 - Django documents it
        raise ValidationError({"value": f"There is no such {item.name}."})
    return int(value)


def _checked(resource: Resource, name: str, value: Any) -> Any:
    """Check a value exactly as one that a client sends. Raises ValidationError."""
    try:
        record: Record = msgspec.convert({"external_id": "pin", name: value}, resource.record, strict=False)
    except msgspec.ValidationError as error:
        hint = get_type_hints(resource.record, include_extras=True).get(name)
        raise ValidationError({"value": in_words(str(error).split(" - at")[0], hint)}) from error
    result = Result(0, None, None)
    run = Run(resource, Source(), "", [Row(0, record, None)], [result])
    validate_rows(run, may_hold_nul=True)
    if result.errors:
        first: FieldError = result.errors[0]
        raise ValidationError({"value": first.detail})
    kept = getattr(record, name)
    return None if kept is UNSET else kept


def linked_sources(resource: Resource) -> list[str]:
    """Return the slugs of the sources that have sent records of a resource, by name."""
    slugs = Source.objects.filter(
        pk__in=[
            source.pk
            for source in Source.objects.all()
            if Link.objects.filter(source=source, resource=resource.key).exists()
        ]
    )
    return list(slugs.order_by("slug").values_list("slug", flat=True))
