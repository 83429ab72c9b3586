"""``GET /api/v1/metrics/``: stored numbers of segments and of accounts, under the reader's access."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.db.models import F, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from metrics.explanation import shown_value
from metrics.models import MetricValue, RefreshRun, SegmentValue
from metrics.registry import Definition, metrics, segment_definitions
from metrics.segments import EVERY_DIMENSION, closed_category
from people.access import Access, access_of
from people.models import Category
from sync.api.operations import problem_responses
from sync.freshness.marks import provisional_on
from sync.problems import Problem

ACCOUNT = "account"
LARGEST_PAGE = 1000
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """The query, checked."""

    keys: Sequence[str]
    dimension: str
    member: str | None
    account: int | None
    first: date | None
    last: date | None
    size: int
    cursor: tuple[date, str, str] | None


class MetricsView(APIView):
    """Stored numbers by day, oldest first."""

    scope = "metrics"

    @extend_schema(
        operation_id="metrics_list",
        tags=["metrics"],
        parameters=[
            OpenApiParameter(
                "key", str, required=True, many=True, description="Such as finance.nrr; repeatable."
            ),
            OpenApiParameter("dimension", str, enum=[*EVERY_DIMENSION, ACCOUNT], description="Default: all."),
            OpenApiParameter(
                "member", str, description="A tier's slug or an industry; default: every member."
            ),
            OpenApiParameter(
                "account",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
                description="Id of one account, for the dimension account.",
            ),
            OpenApiParameter(
                "from", date, description="First day; without from and to: the newest day only."
            ),
            OpenApiParameter("to", date, description="Last day."),
            OpenApiParameter(
                "page_size",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": LARGEST_PAGE},
            ),
            OpenApiParameter(
                "cursor", {"type": "string", "format": "cursor"}, description="From next_cursor."
            ),
        ],
        responses={
            200: {
                "type": "object",
                "properties": {
                    "results": {"type": "array", "items": {"type": "object"}},
                    "redacted": {"type": "array", "items": {"type": "object"}},
                    "next": {"type": ["string", "null"]},
                    "next_cursor": {"type": ["string", "null"]},
                },
            },
            **problem_responses(400),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Return numbers; those the reader may not see are left out and named in ``redacted``."""
        asked = _checked(request.query_params)
        access = access_of(str(getattr(request.user, "function", "")))
        declared = _declared(asked)
        closed = {item.key: closed_category(item, asked.dimension, access) for item in declared}
        redacted = [_redaction(key, category, access) for key, category in closed.items() if category]
        open_keys = [key for key, category in closed.items() if category is None]
        rows = list(_page(asked, open_keys))
        more = rows[asked.size :]
        rows = rows[: asked.size]
        cursor = _pack(rows[-1]) if more else None
        doubts = provisional_on([row["as_of"] for row in rows], open_keys)
        body = {
            "results": [
                _shown(row, asked.dimension) | _doubt(doubts.get((row["as_of"], row["key"]))) for row in rows
            ],
            "redacted": redacted,
            "next": _next_url(request, cursor),
            "next_cursor": cursor,
        }
        return HttpResponse(msgspec.json.encode(body), content_type="application/json")


PARAMETERS = frozenset(
    {"key", "dimension", "member", "account", "from", "to", "page_size", "cursor", "format"}
)


class _Checks:
    """Collects what is wrong with a query, so that the answer names all of it at once."""

    def __init__(self, params: QueryDict) -> None:
        self.params = params
        self.errors: list[dict[str, str]] = []

    def refuse_unless(self, is_right: bool, field: str, detail: str) -> None:
        """Note an error about one parameter."""
        if not is_right:
            self.errors.append({"field": field, "code": "invalid", "detail": detail})

    def keys(self, dimension: str) -> tuple[str, ...]:
        """Return the numbers asked for, once each."""
        keys = [part for text in self.params.getlist("key") for part in text.split(",") if part]
        self.refuse_unless(bool(keys), "key", "Name at least one number, such as finance.nrr.")
        known = metrics if dimension == ACCOUNT else segment_definitions
        for key in keys:
            self.refuse_unless(key in known, "key", f"No number of this kind is called {key[:100]}.")
        return tuple(dict.fromkeys(keys))

    def day(self, name: str) -> date | None:
        """Return a day, None where it is not asked for."""
        day = _day(self.params.get(name))
        self.refuse_unless(day is not None or name not in self.params, name, "A day such as 2026-11-22.")
        return day

    def account(self, dimension: str) -> int | None:
        """Return the id of the account, None where it is not asked for."""
        account = _whole(self.params.get("account"), LARGEST_ID)
        is_right = "account" not in self.params or (account is not None and dimension == ACCOUNT)
        self.refuse_unless(is_right, "account", "The id of an account, with the dimension account.")
        return account


def _checked(params: QueryDict) -> Asked:
    checks = _Checks(params)
    for name in sorted(set(params) - PARAMETERS):
        checks.refuse_unless(False, name[:100], "There is no such parameter.")
    dimension = str(params.get("dimension", ACCOUNT if "account" in params else "all"))
    allowed = [*EVERY_DIMENSION, ACCOUNT]
    checks.refuse_unless(dimension in allowed, "dimension", f"One of {', '.join(allowed)}.")
    size = _whole(params.get("page_size", str(LARGEST_PAGE)), LARGEST_PAGE)
    checks.refuse_unless(size is not None, "page_size", f"A number from 1 to {LARGEST_PAGE}.")
    cursor = _unpack(params.get("cursor", ""))
    checks.refuse_unless("cursor" not in params or cursor is not None, "cursor", "Not a cursor of this list.")
    member = params.get("member")
    checks.refuse_unless("\x00" not in (member or ""), "member", "NUL is no part of a name.")
    asked = Asked(
        keys=checks.keys(dimension),
        dimension=dimension,
        member=member,
        account=checks.account(dimension),
        first=checks.day("from"),
        last=checks.day("to"),
        size=size or LARGEST_PAGE,
        cursor=cursor,
    )
    if checks.errors:
        raise Problem(400, "invalid_query", "The query can't be answered as it is.", errors=checks.errors)
    return asked


def _declared(asked: Asked) -> list[Definition]:
    known = metrics if asked.dimension == ACCOUNT else segment_definitions
    return [known[key] for key in asked.keys]


def _page(asked: Asked, keys: Sequence[str]) -> QuerySet[Any, Any]:
    """Return one row more than the page holds, in the order (day, key, member)."""
    found: QuerySet[Any, Any]
    if asked.dimension == ACCOUNT:
        found = MetricValue.objects.filter(account__deleted_at=None)
        found = found.filter(account_id=asked.account) if asked.account is not None else found
        found = found.values("key", "as_of", "value", place=F("account_id"))
    else:
        found = SegmentValue.objects.filter(dimension=asked.dimension)
        found = found.filter(member=asked.member) if asked.member is not None else found
        found = found.values(
            "key", "as_of", "value", "numerator", "denominator", "accounts", place=F("member")
        )
    found = found.filter(key__in=keys)
    if asked.first is None and asked.last is None:
        found = found.filter(as_of=RefreshRun.objects.finished().newest_day() or date.min)
    if asked.first is not None:
        found = found.filter(as_of__gte=asked.first)
    if asked.last is not None:
        found = found.filter(as_of__lte=asked.last)
    if asked.cursor is not None:
        day, key, place = asked.cursor
        found = found.filter(
            Q(as_of__gt=day)
            | Q(as_of=day, key__gt=key)
            | Q(as_of=day, key=key, place__gt=_place(place, asked))
        )
    return found.order_by("as_of", "key", "place")[: asked.size + 1]


def _place(text: str, asked: Asked) -> Any:
    if asked.dimension != ACCOUNT:
        return text
    number = _whole(text, LARGEST_ID)
    if number is None:
        raise Problem(400, "invalid_query", "The cursor is of another list.")
    return number


def _doubt(reason: str | None) -> dict[str, str]:
    """Return the member that marks a number made from stale data; nothing for any other."""
    return {"provisional": reason} if reason else {}


def _shown(row: Mapping[str, Any], dimension: str) -> dict[str, Any]:
    if dimension == ACCOUNT:
        value = shown_value(row["value"], metrics[row["key"]].unit)
        return {"key": row["key"], "as_of": row["as_of"], "account": str(row["place"]), "value": value}
    return {
        "key": row["key"],
        "as_of": row["as_of"],
        "dimension": dimension,
        "member": row["place"],
        "value": row["value"],
        "numerator": row["numerator"],
        "denominator": row["denominator"],
        "accounts": row["accounts"],
    }


def _redaction(key: str, category: Category, access: Access) -> dict[str, str]:
    return {"key": key, "category": str(category), "reason": access.why_not(category)}


def _next_url(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    params = request.query_params.copy()
    params["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def _pack(row: Mapping[str, Any]) -> str:
    raw = msgspec.json.encode([row["as_of"], row["key"], str(row["place"])])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpack(text: str) -> tuple[date, str, str] | None:
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        found = msgspec.json.decode(raw, type=tuple[date, str, str])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return None
    return None if "\x00" in found[1] + found[2] else found


def _whole(text: str | None, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    return number if 0 < (number := int(text)) <= most else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


urlpatterns = [path("metrics/", login_not_required(MetricsView.as_view()), name="metrics-list")]
