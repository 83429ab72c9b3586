"""A page with every building block, served to the tests of this folder alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from common.charts import Chart, Point, Series

MONTHS = ("Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
HIDDEN = SimpleNamespace(is_redacted=True, reason="Support reads no revenue.")

PAGE = (Path(__file__).parent / "gallery.html").read_text()


class Form(forms.Form):
    """One field of each look, one of them refused."""

    name = forms.CharField(help_text="As in the contract.")
    tier = forms.ChoiceField(choices=[("a", "Strategic")])
    note = forms.CharField(required=False, widget=forms.Textarea)
    agree = forms.BooleanField(required=False)


def _chart(kind: str, **options: object) -> Chart:
    series = (
        Series(name="One", values=(30, 31, None, 28, 24, 20)),
        Series(name="Two", values=(3, 4, 5, 6, 7, 8)),
    )
    given = {"categories": MONTHS, "series": series} | options
    return Chart(key=f"of.{kind}", kind=kind, title=f"A {kind} chart", **given)


def _charts() -> list[Chart]:
    points = [Point(name=f"p{n}", x=n / 10, y=1 - (1 - n / 10) ** 3, size=n) for n in range(11)]
    steps = (Series(name="ARR", values=(Decimal(100), 30, -20, 5, -15, Decimal(100))),)
    return [
        *(_chart(kind) for kind in ("bar", "line", "stacked", "heatmap")),
        _chart("waterfall", series=steps, totals=(0, 5), unit="money", currency="EUR"),
        *(
            _chart(kind, points=points, unit="ratio", x_label="Accounts", y_label="ARR")
            for kind in ("scatter", "lorenz")
        ),
    ]


def _render(request: HttpRequest, markup: str, **context: object) -> HttpResponse:
    request.user = SimpleNamespace(
        is_authenticated=True, function="sales", email="a@b.example", get_full_name="Mara Lindqvist"
    )
    return HttpResponse(engines["django"].from_string(markup.strip()).render(context, request))


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    form = Form({"tier": "a"})
    form.is_valid()
    return _render(
        request,
        PAGE,
        charts=_charts(),
        states=("lazy", "empty", "forbidden", "error", "partial"),
        form=form,
        hidden=HIDDEN,
        arr=Decimal("1240000.5"),
        values=[3, 4, None, 6],
        day=date(2026, 11, 22),
        moment=datetime(2026, 11, 22, 9, tzinfo=UTC),
        people=[{"name": f"Ada {letter}", "role": "CSM"} for letter in "ABCDEFG"],
        months=MONTHS,
        names=("Acme", "Borealis Maritime Holding International", "Corvus"),
    )


@login_not_required
def lazy(request: HttpRequest) -> HttpResponse:
    return _render(
        request,
        '{% panel title="Loaded" span=4 %}<p>It came.</p>{% chart chart %}{% endpanel %}',
        chart=_chart("bar"),
    )


@login_not_required
def polled(request: HttpRequest) -> HttpResponse:
    """A part that asks again by itself; the cookie ``done`` ends it."""
    part = (
        '<div id="part" data-asked="{{ asked }}"{% if not done %} hx-get="/polled/?asked={{ asked }}"'
        ' hx-trigger="every 200ms" hx-swap="outerHTML" hx-push-url="false"{% endif %}>'
        "<p>Step {{ asked }}</p>{% if done %}<p>All is known.</p>{% else %}"
        "<button>Pause</button><button>Cancel</button>{% endif %}</div>"
    )
    asked = int(request.GET.get("asked", 0)) + 1
    page = (
        part
        if request.headers.get("HX-Request")
        else ('{% extends "base.html" %}{% block content %}' + part + "{% endblock %}")
    )
    return _render(request, page, asked=asked, done="done" in request.COOKIES)


@login_not_required
def breaks(request: HttpRequest) -> HttpResponse:
    if "again" in request.COOKIES:
        return _render(request, '{% panel title="Mended" span=4 %}<p>Now it came.</p>{% endpanel %}')
    return HttpResponse(status=500, headers={"X-Error-Id": "ab12cd34ef"})


@login_not_required
def explain(request: HttpRequest) -> HttpResponse:
    body = '<h1 class="abe-title">How ARR is counted</h1><p>12 × MRR</p>'
    if request.headers.get("HX-Request"):
        return _render(request, body)
    return _render(request, '{% extends "base.html" %}{% block content %}' + body + "{% endblock %}")


@login_not_required
def search(request: HttpRequest) -> HttpResponse:
    items = [
        {"url": f"/explain/?found={n}", "label": f"{request.GET['q']} {n}", "hint": "Growth"}
        for n in (1, 2, 3)
    ]
    groups = [{"label": "Accounts", "items": items}]
    return _render(request, '{% include "components/palette_results.html" %}', groups=groups)


urlpatterns = [
    path("", gallery, name="home"),
    path("lazy/", lazy),
    path("polled/", polled),
    path("breaks/", breaks),
    path("explain/", explain),
    path("search/", search, name="search"),
    path("", include("common.urls")),
    path("login/", include("allauth.urls")),
]
