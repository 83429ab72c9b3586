"""Page through a list by the place of its last row, so that the thousandth page costs what the first does."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50
# Longer than any cursor we write; what is longer was made up.
MAX_CURSOR = 1_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page and the addresses of its neighbours; an address is empty where there is none."""

    rows: Sequence[Row]
    previous_url: str
    next_url: str


def read_page(
    request: HttpRequest, rows: QuerySet[Row], order: Sequence[str], *, size: int = PAGE_SIZE
) -> Page[Row]:
    """Read the page that ``?after=`` or ``?before=`` names, or the first; one query.

    ``order`` names fields or annotations without nulls, all ascending or all with a minus, the last
    one unique. A cursor that is none of this order shows the first page rather than an error.
    """
    descending = order[0].startswith("-")
    fields = [name.removeprefix("-") for name in order]
    after, before = (_decode(request.GET.get(key, ""), rows, fields) for key in ("after", "before"))
    backward = before is not None and after is None
    place = before if backward else after
    if place is not None:
        rows = rows.filter(_beyond(fields, place, greater=descending == backward))
    found = list(rows.order_by(*[_flip(name) for name in order] if backward else order)[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backward:
        found.reverse()
    has_previous, has_next = (more, bool(found)) if backward else (place is not None, more)
    return Page(
        found,
        _url(request, "before", found[0], fields) if found and has_previous else "",
        _url(request, "after", found[-1], fields) if found and has_next else "",
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(fields: Sequence[str], place: Sequence[Any], *, greater: bool) -> Q:
    """Return the rows past ``place``: a comparison of tuples, which begins in the index of the order where it ends."""
    if len(fields) == 1:
        return Q(**{f"{fields[0]}__{'gt' if greater else 'lt'}": place[0]})
    compare = TupleGreaterThan if greater else TupleLessThan
    return Q(compare(Tuple(*[F(name) for name in fields]), tuple(place)))


def _url(request: HttpRequest, key: str, row: Model, fields: Sequence[str]) -> str:
    params = request.GET.copy()
    params.pop("after", None)
    params.pop("before", None)
    text = json.dumps([getattr(row, name) for name in fields], cls=_Exact)
    params[key] = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"?{params.urlencode()}"


class _Exact(DjangoJSONEncoder):
    """Django's encoder cuts times to milliseconds, and the cursor would then show a row twice."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def _decode(text: str, rows: QuerySet[Any], fields: Sequence[str]) -> list[Any] | None:
    if not text or len(text) > MAX_CURSOR:
        return None
    try:
        values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(fields):
            return None
        if any("\x00" in value for value in values if isinstance(value, str)):
            return None
        place = [_column(rows, name).to_python(value) for name, value in zip(fields, values, strict=True)]
        return None if None in place else place
    except (Base64Error, ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        return None


def _column(rows: QuerySet[Any], name: str) -> Any:
    """Return the field whose values ``name`` holds, be it a column or an annotation."""
    annotation = rows.query.annotations.get(name)
    if annotation is not None:
        return annotation.output_field
    meta = rows.model._meta
    return meta.pk if name == "pk" else meta.get_field(name)
