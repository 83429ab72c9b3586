"""Two nights beside each other."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.export import REDACTED, Offer, Table, asked_format, chosen_table, export_response, table_of
from common.htmx import render_page
from metrics.nights.compare import Compared, Mover, compare_nights, compared_days, movers_of
from metrics.nights.telling import figure_text
from metrics.registry import Metric, metrics
from people.access import request_access


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show two days number by number (``?before=``, ``?after=``), and (``?key=``) who moved most in one of them."""
    days = compared_days()
    access = request_access(request)
    after = _day(request.GET.get("after", ""), days) or (days[0] if days else None)
    earlier = [day for day in days if after is not None and day < after]
    before = _day(request.GET.get("before", ""), days) or (earlier[0] if earlier else None)
    context: dict[str, Any] = {"days": days, "before": before, "after": after, "exports": []}
    if before is not None and after is not None:
        rows = compare_nights(before, after, access)
        exports = [Offer("numbers", "Numbers on two nights", lambda: _table(rows, before, after))]
        context |= {
            "rows": [(row, _texts(row)) for row in rows],
            "moved": sum(1 for row in rows if row.share > 0),
            "exports": exports,
            "as_of": after,
        }
        metric = metrics.get(request.GET.get("key", ""))
        if metric is not None:
            may = access.allows(metric.category, metric.level)
            movers = movers_of(metric, before, after) if may else []
            if movers:
                exports.append(
                    Offer("movers", f"Biggest movers, {metric.label}", lambda: _movers_table(metric, movers))
                )
            context |= {
                "metric": metric,
                "why_not": "" if may else access.why_not(metric.category),
                "movers": [
                    {
                        "mover": mover,
                        **{side: _text(getattr(mover, side), metric.unit) for side in ("before", "after")},
                    }
                    for mover in movers
                ],
                "unit": "days" if metric.unit == "date" else metric.unit,
            }
        if asked_format(request):
            return export_response(request, chosen_table(request, exports))
    context["currency"] = settings.REPORTING_CURRENCY
    return render_page(request, "metrics/nights/compare.html", "metrics/nights/_compare.html", context)


def _day(text: str, days: list[date]) -> date | None:
    return next((day for day in days if day.isoformat() == text), None)


def _texts(row: Compared) -> dict[str, str]:
    found = {}
    for side in ("before", "after"):
        figure = getattr(row, side)
        if figure is not None:
            found[f"mean_{side}"] = _text(figure.mean, row.metric.unit)
            found[f"total_{side}"] = figure_text(figure.total, row.metric.unit) if row.adds_up else ""
    return found


def _text(value: Any, unit: str) -> str:
    return "" if value is None else figure_text(value, unit)


def _table(rows: list[Compared], before: date, after: date) -> Table:
    def of(side: str, name: str) -> Any:
        def get(row: Compared) -> Any:
            if row.closed is not None:
                return REDACTED
            figure = getattr(row, side)
            return None if figure is None or (name == "total" and not row.adds_up) else getattr(figure, name)

        return get

    return table_of(
        f"nights-{before.isoformat()}-{after.isoformat()}",
        rows,
        [
            ("key", "Key", lambda row: row.metric.key),
            ("label", "Number", lambda row: row.metric.label),
            ("unit", "Unit", lambda row: row.metric.unit),
            ("accounts_before", f"Accounts, {before}", of("before", "accounts")),
            ("accounts_after", f"Accounts, {after}", of("after", "accounts")),
            ("total_before", f"Total, {before}", of("before", "total")),
            ("total_after", f"Total, {after}", of("after", "total")),
            ("mean_before", f"Mean, {before}", of("before", "mean")),
            ("mean_after", f"Mean, {after}", of("after", "mean")),
        ],
    )


def _movers_table(metric: Metric, movers: list[Mover]) -> Table:
    return table_of(
        f"movers-{metric.key}",
        movers,
        [
            ("account", "Account", lambda row: row.name),
            ("account_id", "Account id", lambda row: row.account_id),
            ("before", "Before", lambda row: row.before),
            ("after", "After", lambda row: row.after),
            ("change", "Change", lambda row: row.change),
        ],
    )
