"""Find the records that cells name otherwise than by their external id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from django.db import connection
from django.db.models.functions import Upper

from common.sql import load_sql
from sync.declarations import FieldError, Reference, Resource
from sync.models import LIVE, Link, Source

NAMED_AT_MOST = 5


def find_references(
    *,
    field: str,
    pointed: Resource,
    way: str,
    source: Source,
    texts: Iterable[str],
    in_file: Callable[[], Mapping[str, list[str]]],
) -> dict[str, str | Reference | FieldError]:
    """Return the record that each text names by the field ``way``: exactly, but for case.

    A name that several records bear is ambiguous, and one that nobody bears unknown; both are errors for the
    report. ``in_file`` gives the external ids by name of the file's own rows, asked where a name is unknown.
    """
    kept = {text: _kept(pointed, way, text) for text in texts}
    capitals = _capitals(set(kept.values()))
    found = _objects(pointed, way, set(capitals.values()))
    links = _links(pointed, source, {number for numbers in found.values() for number in numbers})
    answers: dict[str, str | Reference | FieldError] = {}
    for text, held in kept.items():
        numbers = [number for number in found.get(capitals[held], ()) if number in links]
        if len(numbers) == 1:
            slug, external_id = links[numbers[0]]
            answers[text] = external_id if slug == source.slug else Reference(slug, external_id)
        elif numbers:
            named = ", ".join(
                f"{links[number][1]} of {links[number][0]}" for number in numbers[:NAMED_AT_MOST]
            )
            answers[text] = FieldError(
                field,
                "ambiguous_reference",
                f"{len(numbers)} {pointed.key} have the {way} “{text[:80]}”: {named}. Give the external id instead.",
            )
        else:
            ids = in_file().get(normalised(pointed, way, text), [])
            answers[text] = _from_file(field, pointed, way, text, ids)
    return answers


def normalised(pointed: Resource, way: str, text: str) -> str:
    """Return a text as values of the named field are compared with each other within a file."""
    return _kept(pointed, way, text).upper()


def _kept(pointed: Resource, way: str, text: str) -> str:
    """Return a text as the named field keeps it."""
    keep = pointed.fields_by_name[way].normalise
    if keep is not None:
        with suppress(ValueError):
            text = keep(text)
    return text.strip()


def _capitals(texts: set[str]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "upper_case"), [list(texts)])
        return dict(cursor.fetchall())


def _from_file(field: str, pointed: Resource, way: str, text: str, ids: list[str]) -> str | FieldError:
    if len(ids) == 1:
        return ids[0]
    if ids:
        return FieldError(
            field,
            "ambiguous_reference",
            f"{len(ids)} rows of this file have the {way} “{text[:80]}”. Give the external id instead.",
        )
    return FieldError(
        field,
        "unknown_reference",
        f"No {pointed.singular} has the {way} “{text[:80]}”. Check the spelling, or bring it in first.",
    )


def _objects(pointed: Resource, way: str, keys: set[str]) -> dict[str, list[int]]:
    column = pointed.fields_by_name[way].model_field.name
    rows = (
        pointed.model._default_manager.filter(LIVE)  # noqa: SLF001 - Django's own name for it
        .annotate(sync_key=Upper(column))
        .filter(sync_key__in=keys)
        .values_list("sync_key", "pk")
        .order_by("pk")
    )
    found: dict[str, list[int]] = defaultdict(list)
    for key, number in rows:
        found[key].append(number)
    return found


def _links(pointed: Resource, source: Source, numbers: set[int]) -> dict[int, tuple[str, str]]:
    """Return (source, external id) of each object, this source's before another's."""
    rows = (
        Link.objects.filter(resource=pointed.key, object_id__in=numbers, deleted_at=None)
        .order_by("pk")
        .values_list("object_id", "source_id", "source__slug", "external_id")
    )
    links: dict[int, tuple[str, str]] = {}
    for number, source_id, slug, external_id in rows:
        if number not in links or source_id == source.pk:
            links[number] = (slug, external_id)
    return links
