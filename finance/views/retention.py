"""Pages of retention: the figures of a definition, the accounts behind a bar, and the lines behind an account."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from finance.retention.asking import DIMENSION_LABELS, Asked, member_labels, offered_months
from finance.retention.charts import bridge_chart, segment_chart, series_chart
from finance.retention.definitions import DEFINITIONS, GOOD, MEASURES, Measure, to_decimal
from finance.retention.drill import STEPS, bar_table, movements_of, read_bar, read_inside, window_of
from finance.retention.figures import Retention, read_retention, totals
from finance.retention.tables import (
    bridge_table,
    lines_table,
    months_table,
    segment_months_table,
    segments_table,
    series_table,
    steps_table,
)
from finance.retention.tabs import tabs_for
from finance.revenue.positions import counted, tell_left_out
from people.access import Access, request_access, require
from people.models import Category, Level

LARGEST_ID = 2**63 - 1
PAGE_DIGITS = 6


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Show how much revenue was kept, by the definition that the address asks for."""
    access = _readers(request)
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    read = read_retention(asked)
    offers = (
        Offer("months", "By month", lambda: series_table(read)),
        Offer("segments", DIMENSION_LABELS[asked.dimension], lambda: segments_table(read)),
        Offer("segment_months", "Segments by month", lambda: segment_months_table(read)),
        Offer("bridge", "Bridge", lambda: bridge_table(read)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    may_open = access.allows(Category.REVENUE)

    def bar_url(step: str) -> str:
        return f"{reverse('finance:retention_accounts')}{asked.with_params(step=step)}"

    headline = read.headline
    context = {
        "read": read,
        "asked": asked,
        "tabs": tabs_for(request, "finance:retention", asked),
        "headline": [
            (
                label,
                headline.shown[measure],
                asked.choice.words(measure, asked.rates_day),
                _points(read, measure),
                GOOD[measure],
                asked.with_params(measure=measure),
            )
            for measure, label in MEASURES.items()
        ],
        "previous": read.series[-2].month if len(read.series) > 1 else None,
        "moved": headline.moved,
        "bridge": [
            (key, label, getattr(headline.moved, key), bar_url(key) if may_open else "")
            for key, label in STEPS.items()
            if key != "fx" or headline.moved.fx or not asked.choice.constant_currency
        ],
        "bridge_chart": bridge_chart(read, bar_url if may_open else None),
        "series_chart": series_chart(read),
        "segment_chart": segment_chart(read, lambda key: asked.with_params(member=key)),
        "series": [
            (row, read.closed.get(row.month), asked.with_params(to=f"{row.month:%Y-%m}"))
            for row in reversed(read.series)
        ],
        "segments": [(row, asked.with_params(member=row.key)) for row in read.segments],
        "segment_title": f"By {DIMENSION_LABELS[asked.dimension].lower()}",
        "segment_noun": DIMENSION_LABELS[asked.dimension].lower(),
        "without_member": asked.with_params(member=None),
        "published_url": asked.with_params(known="published"),
        "left_out": _tell_left_out(read),
        "totals": totals(read.segments),
        "gaps": [(read.members.get(row.member, row.member), row) for row in read.gaps],
        "has_fx": any(row.moved.fx for row in (*read.series, *read.segments)),
        "member_label": read.members.get(asked.member or "", asked.member),
        "definitions": DEFINITIONS.values(),
        "dimensions": DIMENSION_LABELS.items(),
        "months": offered_months(asked.until, asked.params),
        "currency": settings.REPORTING_CURRENCY,
        "may_open": may_open,
        "as_of": asked.until,
        "exports": offers,
    }
    return render(request, "finance/retention/page.html", context)


@require_safe
def retention_accounts(request: HttpRequest) -> HttpResponse:
    """List the accounts behind one bar of the bridge, ``?step=churn``, the largest first."""
    _readers(request, Level.FULL)
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    step = request.GET.get("step", "")
    step = step if step in STEPS else "start"
    if asked_format(request):
        return export_response(request, bar_table(asked, step))
    bar = read_bar(asked, step, _page(request.GET.get("page", "")))
    labels = member_labels(asked.dimension, [asked.member or ""])

    def page_url(other: int) -> str:
        return asked.with_params(step=step, page=str(other) if other > 1 else None)

    context = {
        "asked": asked,
        "bar": bar,
        "window": window_of(asked),
        "label": STEPS[step],
        "steps": [
            (key, label)
            for key, label in STEPS.items()
            if key != "fx" or key == step or not asked.choice.constant_currency
        ],
        "member_label": labels.get(asked.member or "", asked.member) if asked.member else "",
        "currency": settings.REPORTING_CURRENCY,
        "previous_url": page_url(bar.page - 1) if bar.page > 1 else "",
        "next_url": page_url(bar.page + 1) if bar.page < bar.pages else "",
        "as_of": asked.until,
    }
    return render(request, "finance/retention/accounts.html", context)


@require_safe
def retention_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one account in the window: its months, and the contract lines that it is made of."""
    _readers(request, Level.FULL)
    account = get_object_or_404(Account, pk=min(pk, LARGEST_ID))
    asked = Asked.from_params(request.GET.dict(), requested_as_of(request))
    inside = read_inside(asked, account.pk)
    offers = (
        Offer("lines", "Lines", lambda: lines_table(inside.lines)),
        Offer("months", "Months", lambda: months_table(inside.months)),
        Offer("steps", "Steps", lambda: steps_table(inside.steps)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {
        "asked": asked,
        "account": account,
        "inside": inside,
        "months": [
            (month, movements_of(month), asked.with_params(definition="month", to=f"{month.month:%Y-%m}"))
            for month in inside.months
        ],
        "window": window_of(asked),
        "currency": settings.REPORTING_CURRENCY,
        "exports": offers if inside.lines or inside.months else (),
        "as_of": asked.until,
    }
    return render(request, "finance/retention/account.html", context)


def _tell_left_out(read: Retention) -> str:
    """Say whose revenue is in no figure for want of a rate, nothing where there is none."""
    if not read.left_out:
        return ""
    if read.asked.choice.constant_currency:
        return tell_left_out(read.left_out, read.asked.rates_day)
    return f"Left out: {counted(read.left_out)}, without an exchange rate on a day at whose rates they count."


def _points(read: Retention, measure: Measure) -> Decimal | None:
    """Return by how many percentage points the headline is above the figure before it; None without either."""
    if len(read.series) == 1:
        return None
    before, now = (row.values[measure] for row in read.series[-2:])
    return None if before is None or now is None else to_decimal((now - before) * 100, 10)


def _page(text: str) -> int:
    """Return the page that an address names, the first where it names none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= PAGE_DIGITS
    return max(int(text), 1) if is_number else 1


def _readers(request: HttpRequest, level: Level = Level.TOTALS) -> Access:
    """Return what the reader may see; refuse who doesn't read revenue at this level."""
    access = request_access(request)
    require(access, Category.REVENUE, level)
    return access
