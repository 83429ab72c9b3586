"""Explain a number, and list all that are declared."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Table, asked_format, chosen_table, export_response, table_of
from common.htmx import render_page
from metrics.explanation import (
    Explanation,
    explain_definition,
    explain_for_account,
    explain_for_segment,
    explain_url,
)
from metrics.registry import Definition, definition_of, dimensions_of, metrics, rollups, segment_definitions
from metrics.segments import EVERY_DIMENSION
from metrics.tables import explanation_offers
from people.access import request_access, require
from people.models import Category

# What the engine's own app makes for everybody.
GROUPS = {"metrics": "Health and concentration"}
LARGEST_ID = 2**63 - 1


@require_safe
def explain(request: HttpRequest, key: str) -> HttpResponse:
    """Show what is behind a number: of ``?account=``, of ``?dimension=&member=``, or its definition alone."""
    told = _explanation(request, key)
    exports = explanation_offers(told)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "told": told,
        "exports": exports,
        # In a side sheet the address of the page around it is another.
        "export_base": explain_url(key, **told.params) if told.params else f"{explain_url(key)}?",
        "as_of": told.as_of,
        "health_url": health_url(told),
        "dimensions": [
            {"label": label, "url": explain_url(key, dimension=name), "is_current": name == told.dimension}
            for name, label in EVERY_DIMENSION.items()
            if name in dimensions_of(key)
        ],
    }
    return render_page(request, "metrics/explain.html", "metrics/_explain.html", context)


@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """List every declared number with its definition, by the app that declares it."""
    access = request_access(request)
    by_key: dict[str, Definition] = {item.key: item for item in (*segment_definitions, *metrics)}
    ordered = sorted(by_key.values(), key=lambda item: (item.key.split(".")[0], item.label))
    groups = [
        {
            "label": GROUPS.get(app, app.capitalize()),
            "rows": [
                {
                    "definition": item,
                    "url": explain_url(item.key),
                    "inputs": list(_input_labels(item)),
                    "per_account": item.key in metrics,
                    "per_segment": item.key in segment_definitions,
                    "redacted": access.redact(None, item.category, item.level),
                }
                for item in items
            ],
        }
        for app, items in groupby(ordered, key=lambda item: item.key.split(".")[0])
    ]
    if asked_format(request):
        return export_response(request, _library_table(groups))
    return render_page(request, "metrics/library.html", "metrics/_library.html", {"groups": groups})


def health_url(told: Explanation) -> str:
    """Return the page that explains an account's health in full, empty where it isn't what is explained."""
    if told.health is None:
        return ""
    url = reverse("metrics:health", args=[told.health.score.account_id])
    return f"{url}?as_of={told.params['as_of']}" if "as_of" in told.params else url


def _library_table(groups: list[dict[str, Any]]) -> Table:
    """Return the library as a table for a file."""
    return table_of(
        "metrics",
        [(group["label"], row) for group in groups for row in group["rows"]],
        [
            ("group", "Group", lambda each: each[0]),
            ("key", "Key", lambda each: each[1]["definition"].key),
            ("label", "Number", lambda each: each[1]["definition"].label),
            ("formula", "How it is counted", lambda each: each[1]["definition"].formula),
            ("inputs", "Made of", lambda each: each[1]["inputs"]),
            ("per_account", "For accounts", lambda each: each[1]["per_account"]),
            ("per_segment", "For segments", lambda each: each[1]["per_segment"]),
            ("category", "Category", lambda each: str(each[1]["definition"].category.label)),
        ],
    )


def _explanation(request: HttpRequest, key: str) -> Explanation:
    access = request_access(request)
    until = requested_as_of(request)
    definition = definition_of(key)
    if definition is None:
        raise Http404(f"No number is called {key}.")
    given = request.GET.get("account", "")
    if given:
        if not given.isascii() or not given.isdigit() or int(given) > LARGEST_ID or key not in metrics:
            raise Http404("There is no such number of an account.")
        require(access, Category.ACCOUNT_PROFILE)
        account = get_object_or_404(Account.objects.live(), pk=int(given))
        return explain_for_account(key, account, access, until)
    dimension = request.GET.get("dimension", "all" if key in segment_definitions else "")
    if dimension:
        if dimension not in dimensions_of(key):
            raise Http404("There is no such number of a segment.")
        member = "" if dimension == "all" else request.GET.get("member", "").replace("\x00", "")[:128]
        return explain_for_segment(key, dimension, member, access, until)
    return explain_definition(definition, access, until)


def _input_labels(definition: Definition) -> Iterable[str]:
    for name in definition.inputs:
        found = definition_of(name) or rollups.get(name)
        yield found.label if found else name.replace("-", " ").capitalize()
