"""The shock simulator: choose who is lost in the address, and read what follows; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from metrics.concentration.charts import lorenz_chart
from metrics.concentration.reading import COUNTED_LABELS, NAMES, OVER_LABELS, rank, stored_day
from metrics.concentration.shock import (
    MOST_CHOSEN,
    MOST_TOP,
    OWNER,
    QUARTER,
    SPONSOR,
    Line,
    Lost,
    Scenario,
    Shock,
    simulate,
)
from metrics.concentration.shock_charts import renewals_chart, waterfall
from metrics.concentration.tables import LABELS
from metrics.models import MetricValue
from metrics.views.concentration import asked_counted, may_read_renewals, tabs
from people.access import Access, request_access, require
from people.models import Category, Level

LISTED = 25
LARGEST_ID = 2**63 - 1
PRESETS = (1, 3, 5, 10)
SEGMENTS = ("tier", "industry", "country")
LONGEST_NAME = 200
ARR = "finance.arr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One account or group that the form offers to lose."""

    account_id: int
    name: str
    arr: Any
    is_chosen: bool


@require_safe
def shock(request: HttpRequest) -> HttpResponse:
    """Show what the company would be without the accounts that the address names."""
    access = request_access(request)
    require(access, Category.REVENUE, Level.TOTALS)
    day = stored_day(requested_as_of(request))
    if day is None:
        return render(request, "metrics/concentration/shock.html", {"day": None, **tabs(request, "shock")})
    may_open = access.allows(Category.REVENUE)
    counted, query = (
        asked_counted(request),
        request.GET.get("q", "").replace("\x00", "")[:LONGEST_NAME].strip(),
    )
    scenario = Scenario(
        day=day, counted=counted, chosen=_ids(request.GET) if may_open else (), top=_top(request.GET)
    )
    found = simulate(scenario)
    by = request.GET.get("by", "")
    by = by if by in SEGMENTS else SEGMENTS[0]
    sees_renewals = may_read_renewals(access)
    offers = _offers(found, by, access)
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context: dict[str, Any] = {
        **tabs(request, "shock"),
        "day": day,
        "as_of": day,
        "exports": offers if found.lost else [],
        "scenario": scenario,
        "counted_options": COUNTED_LABELS.items(),
        "noun": f"{counted}s",
        "query": query,
        "presets": [(number, _address(request, top=number)) for number in PRESETS],
        "nothing": _address(request, top=0),
        "may_open": may_open,
        "why_closed": access.why_not(Category.REVENUE),
        "ignored": not may_open and "lose" in request.GET,
        "missing": len(set(scenario.chosen) - _paid_for(found, scenario)),
        "choices": _choices(scenario, query) if may_open else [],
        "shock": found,
        "most_top": MOST_TOP,
        "currency": settings.REPORTING_CURRENCY,
    }
    if found.lost:
        context |= {
            "waterfall": waterfall(found, names=may_open),
            "lorenz": lorenz_chart(
                "shock-lorenz", found.after, found.ranking, counted, ending=" that is left"
            ),
            "concentration": [
                (LABELS[name], name == "hhi", found.before.values[name], found.after.values[name])
                for name in NAMES
            ],
            "loads": [
                (title, key, _hit(found.lines.get(key, ())), _unhit(found.lines.get(key, ())))
                for title, key in (("Account owner", OWNER), ("Executive sponsor", SPONSOR))
            ]
            if access.allows(Category.ACCOUNT_TEAM)
            else [],
            "why_no_team": access.why_not(Category.ACCOUNT_TEAM),
            "by": by,
            "by_label": OVER_LABELS[by],
            "by_options": [(key, OVER_LABELS[key]) for key in SEGMENTS],
            "segments": found.lines.get(by, ()),
            "renewals": found.lines.get(QUARTER, ()) if sees_renewals else (),
            "renewals_chart": renewals_chart(found) if sees_renewals else None,
            "why_no_renewals": "" if sees_renewals else access.why_not(Category.CONTRACTS),
            "beside": [
                (
                    each,
                    access.allows(each.metric.category, each.metric.level),
                    access.why_not(each.metric.category),
                )
                for each in found.beside
            ],
        }
    return render(request, "metrics/concentration/shock.html", context)


def _ids(params: QueryDict) -> list[int]:
    given = [text for text in params.getlist("lose") if text.isascii() and text.isdigit()]
    ids = [int(text) for text in given if len(text) <= 19]
    return sorted({one for one in ids if 0 < one <= LARGEST_ID})[:MOST_CHOSEN]


def _top(params: QueryDict) -> int:
    text = params.get("top", "")
    return min(int(text), MOST_TOP) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def _paid_for(found: Shock, scenario: Scenario) -> set[int]:
    """Return which of the chosen pay on the day, by themselves or for what lies below them."""
    return {each.account_id for each in found.lost} | {each.holder_id for each in found.lost}


def _choices(scenario: Scenario, query: str) -> list[Choice]:
    """Return the chosen ones, then those of a name, or the largest; three queries."""
    chosen = set(scenario.chosen)
    paying = (
        MetricValue.objects.filter(key=ARR, as_of=scenario.day, value__gt=0)
        .order_by("-value", "account_id")
        .values_list("account_id", "account__name", "value")
    )
    held = list(paying.filter(account_id__in=chosen))
    offered: list[tuple[Any, ...]]
    if query:
        named = Account.objects.live().named_like(query)
        offered = list(paying.filter(account__in=named.values("pk"))[:LISTED])
    else:
        offered = [
            (each.account_id, each.name, each.arr)
            for each in rank(scenario.day, scenario.counted, most=LISTED).largest
        ]
    listed = {row[0] for row in held}
    above = set(
        Account.objects.filter(pk__in=chosen - listed - {row[0] for row in offered}).values_list("pk", "name")
    )
    rows = [
        *held,
        *((pk, name, None) for pk, name in sorted(above)),
        *(row for row in offered if row[0] not in listed),
    ]
    return [Choice(account_id=pk, name=name, arr=arr, is_chosen=pk in chosen) for pk, name, arr in rows]


def _address(request: HttpRequest, *, top: int) -> str:
    """Return the address of another number of the largest, keeping what is counted and the day."""
    kept = {name: request.GET[name] for name in ("as_of", "counted", "by") if request.GET.get(name)}
    if top:
        kept["top"] = str(top)
    return f"?{urlencode(kept)}" if kept else "?"


def _hit(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that lose something."""
    return [line for line in lines if line.accounts_lost]


def _unhit(lines: Sequence[Line]) -> tuple[int, Line | None]:
    """Return how many lose nothing, and what they have together."""
    spared = [line for line in lines if not line.accounts_lost]
    if not spared:
        return 0, None
    return len(spared), Line(
        key="",
        label="",
        accounts=sum(line.accounts for line in spared),
        accounts_lost=0,
        arr=sum((line.arr for line in spared), start=spared[0].arr * 0),
        arr_lost=spared[0].arr * 0,
    )


def _offers(found: Shock, by: str, access: Access) -> list[Offer]:
    offers = [
        Offer("effect", "Effect", lambda: _effect_table(found)),
        Offer("segments", OVER_LABELS[by], lambda: _lines_table(found, by)),
    ]
    if access.allows(Category.REVENUE):
        offers.insert(0, Offer("lost", "Lost accounts", lambda: _lost_table(found.lost)))
    if access.allows(Category.ACCOUNT_TEAM):
        offers.append(Offer("owners", "Account owners", lambda: _lines_table(found, OWNER)))
        offers.append(Offer("sponsors", "Executive sponsors", lambda: _lines_table(found, SPONSOR)))
    if may_read_renewals(access):
        offers.append(Offer("renewals", "Renewals", lambda: _lines_table(found, QUARTER)))
    readable = [each for each in found.beside if access.allows(each.metric.category, each.metric.level)]
    if readable:
        offers.append(
            Offer(
                "beside",
                "What else goes",
                lambda: table_of(
                    "shock-beside",
                    readable,
                    (
                        ("key", "Key", lambda row: row.metric.key),
                        ("number", "Number", lambda row: row.metric.label),
                        ("before", "Before", lambda row: row.whole),
                        ("lost", "Lost", lambda row: row.lost),
                        ("after", "After", lambda row: row.left),
                    ),
                ),
            )
        )
    return offers


def _lost_table(lost: Sequence[Lost]) -> Table:
    return table_of(
        "shock-lost",
        lost,
        (
            ("id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.name),
            ("group", "Company at the top", lambda row: row.holder),
            ("tier", "Tier", lambda row: row.tier["label"] if row.tier else ""),
            ("arr", f"ARR ({settings.REPORTING_CURRENCY})", lambda row: row.arr),
        ),
    )


def _lines_table(found: Shock, dimension: str) -> Table:
    currency = settings.REPORTING_CURRENCY
    return table_of(
        f"shock-by-{dimension.replace('_', '-')}",
        found.lines.get(dimension, ()),
        (
            ("key", "Key", lambda row: row.key),
            ("name", "Name", lambda row: row.label),
            ("accounts", "Accounts before", lambda row: row.accounts),
            ("accounts_lost", "Accounts lost", lambda row: row.accounts_lost),
            ("accounts_left", "Accounts left", lambda row: row.accounts_left),
            ("arr", f"ARR before ({currency})", lambda row: row.arr),
            ("arr_lost", f"ARR lost ({currency})", lambda row: row.arr_lost),
            ("arr_left", f"ARR left ({currency})", lambda row: row.arr_left),
        ),
    )


def _effect_table(found: Shock) -> Table:
    total = found.total
    rows: list[tuple[str, Any, Any]] = [
        (f"ARR ({settings.REPORTING_CURRENCY})", total.arr, total.arr_left),
        ("Accounts", total.accounts, total.accounts_left),
        *((each.label, each.before, each.after) for each in found.retention),
        *((LABELS[name], found.before.values[name], found.after.values[name]) for name in NAMES),
    ]
    return table_of(
        "shock-effect",
        rows,
        (
            ("figure", "Figure", lambda row: row[0]),
            ("before", "Before", lambda row: row[1]),
            ("after", "After", lambda row: row[2]),
            ("as_of", "Day", lambda _: found.scenario.day),
        ),
    )
