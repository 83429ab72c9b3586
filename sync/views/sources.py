"""The systems that feed the platform: what each sends, how fresh it is, and what is expected of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.export import asked_format, export_response
from people.guards import revops_only, signed_in
from people.models import FED
from sync.freshness.forms import ExpectationForm, split_minutes
from sync.freshness.habits import DAILY, EXPECTED
from sync.freshness.judging import Feed, judge_feeds
from sync.freshness.listing import FeedRow, source_rows
from sync.freshness.services import expect_freshness, expect_nothing
from sync.models import Source
from sync.tables import sources_table
from sync.views.example import curl_example

WHAT = "What came in by sync"


@require_safe
@revops_only(WHAT)
def sources(request: HttpRequest) -> HttpResponse:
    """List the sources, each with its feeds by data category and resource."""
    if asked_format(request):
        return export_response(request, sources_table())
    context = {"sources": source_rows(), "curl": curl_example(request)}
    return render(request, "sync/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("What is expected of sources")
def expectation(request: HttpRequest, slug: str, category: str) -> HttpResponse:
    """Set how old a source's data of a category may grow, or let its habit decide."""
    source = get_object_or_404(Source, slug=slug)
    if category not in FED:
        raise Http404("There is no such data category.")
    found = [feed for feed in judge_feeds() if feed.source == source and feed.category == category]
    feed = found[0] if found else Feed(source=source, category=category, why="Never sent")
    if request.method == "POST" and "forget" in request.POST:
        expect_nothing(source=source, category=category, by=signed_in(request))
        messages.success(request, f"{feed.label} from {source.name}: its habit decides again.")
        return redirect("sync:sources")
    form = ExpectationForm(request.POST or None, initial=_initial(feed))
    if form.is_valid():
        try:
            expect_freshness(source=source, category=category, **form.values(), by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"Saved for {feed.label.lower()} from {source.name}.")
            return redirect("sync:sources")
    context = {"form": form, "feed": feed, "row": FeedRow(feed=feed, flows=[])}
    status = 422 if form.is_bound else 200
    return render(request, "sync/expectation.html", context, status=status)


def _initial(feed: Feed) -> dict[str, Any]:
    held = feed.limits or EXPECTED.get(feed.category) or DAILY
    warn, warn_unit = split_minutes(_minutes(held.late))
    error, error_unit = split_minutes(_minutes(held.stale))
    measure = {"measure": feed.rule.measure} if feed.rule is not None else {}
    return {"warn": warn, "warn_unit": warn_unit, "error": error, "error_unit": error_unit, **measure}


def _minutes(span: timedelta) -> int:
    return max(1, round(span.total_seconds() / 60))
