import re
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.template.loader import get_template
from django.test import RequestFactory

from common.charts import Chart, Point, Series


def include(name, **context):
    request = RequestFactory().get("/")
    return Template("{% include name %}").render(Context({"request": request, "name": name, **context}))


def words(html):
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_a_lazy_panel_loads_itself_and_is_a_link_without_scripts():
    html = include("components/panel.html", title="Tickets", state="lazy", url="/p/1", key="support.open")
    assert 'hx-get="/p/1"' in html
    assert 'hx-trigger="revealed"' in html
    assert '<noscript><a class="btn" href="/p/1">' in html
    assert 'id="panel-supportopen"' in html


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("empty", "Why it is so"),
        ("forbidden", "You can't see this Why it is so Ask RevOps if your work needs it."),
        ("error", "This panel could not be loaded Why it is so If it happens again, quote ab12 . Try again"),
        ("partial", "Why it is so the body"),
    ],
)
def test_each_state_of_a_panel_says_why_and_what_to_do(state, expected):
    html = include(
        "components/panel.html",
        title="T",
        state=state,
        reason="Why it is so",
        whom="RevOps" if state == "forbidden" else "",
        error_id="ab12" if state == "error" else "",
        url="/again",
        body="the body" if state == "partial" else "",
    )
    assert words(html) == f"T {expected}"
    assert ('role="alert"' in html) == (state == "error")
    assert ('href="/again"' in html) == (state == "error")


def test_a_forbidden_panel_never_shows_the_body():
    html = include("components/panel.html", title="T", state="forbidden", body="12345", template="500.html")
    assert "12345" not in html
    assert "went wrong" not in html


def test_a_panel_heads_with_the_level_asked_for():
    assert "<h3" in include("components/panel.html", title="T", level=3)
    assert "<h2" in include("components/panel.html", title="T")


@pytest.mark.parametrize(
    ("previous", "following"), [("", ""), ("?before=1", ""), ("", "?after=2"), ("?b", "?a")]
)
def test_paging_shows_only_the_ways_there_are(previous, following):
    html = include("components/pagination.html", previous_url=previous, next_url=following, shown=50)
    assert ('rel="prev"' in html) == bool(previous)
    assert ('rel="next"' in html) == bool(following)
    assert "50 rows" in html


def test_each_filter_in_force_can_be_removed_by_its_own_link():
    chips = [{"label": "Tier", "value": "Growth", "remove_url": "?q=1"}]
    html = include("components/filter_chips.html", chips=chips, clear_url="?")
    assert 'href="?q=1"' in html
    assert 'aria-label="Remove filter Tier: Growth"' in html
    assert include("components/filter_chips.html", chips=[]).strip() == ""


def test_a_plain_table_aligns_numbers_and_says_when_it_is_empty():
    head = [{"label": "Name"}, {"label": "ARR", "numeric": True}]
    rows = [{"url": "/a/1", "cells": ["<Acme>", "12"]}]
    html = include("components/table.html", label="Accounts", head=head, rows=rows)
    assert '<a href="/a/1">&lt;Acme&gt;</a>' in html
    assert html.count('class="is-num"') == 2
    assert "No accounts yet" in include(
        "components/table.html", label="A", head=head, rows=[], empty="No accounts yet"
    )


def test_palette_results_are_options_with_addresses():
    groups = [{"label": "Accounts", "items": [{"url": "/a/1", "label": "A & B", "hint": "Growth"}]}]
    html = include("components/palette_results.html", groups=groups)
    assert 'role="option"' in html
    assert 'href="/a/1"' in html
    assert "A &amp; B" in html
    assert "Nothing found for “zz”" in include("components/palette_results.html", groups=[], query="zz")


def bridge(**changes):
    values = {
        "key": "finance.bridge",
        "kind": "waterfall",
        "title": "ARR grew",
        "categories": ("Start", "New", "End"),
        "series": (Series(name="ARR", values=(Decimal("10.5"), None, Decimal(12))),),
        "unit": "money",
        "currency": "EUR",
        "totals": (0, 2),
    }
    return Chart(**(values | changes))


def draw(chart):
    return Template("{% chart chart %}").render(
        Context({"request": RequestFactory().get("/"), "chart": chart})
    )


def test_a_chart_comes_with_its_finding_its_table_and_downloads():
    html = draw(bridge())
    assert "<figcaption" in html
    assert 'type="application/json"' in html
    assert "<table" in html
    assert 'data-download="png"' in html
    assert 'data-download="csv"' in html
    assert "€10.50" in html
    assert "–" in html


def test_a_charts_data_cannot_end_its_script():
    html = draw(bridge(title="</script><b>", categories=("</script>", "b", "c")))
    assert html.count("</script>") == 1


def test_a_chart_without_figures_is_an_empty_state():
    nothing = (Series(name="ARR", values=(None, None, None)),)
    html = draw(bridge(title="No revenue yet", series=nothing, empty="Connect billing."))
    assert words(html) == "No revenue yet Connect billing."
    assert "data-chart" not in html
    assert "no figures for this period" in draw(bridge(series=nothing))


def test_a_missing_or_redacted_chart():
    assert draw(None).strip() == ""

    class Hidden:
        is_redacted = True
        reason = "not yours"

    html = draw(Hidden())
    assert "not yours" in html
    assert "<table" not in html


def test_the_500_page_needs_no_request_and_shows_the_id():
    html = get_template("500.html").render({"error_id": "ab12cd"})
    assert "ab12cd" in html
    assert "<script" not in html
    assert "style=" not in html


def test_points_become_rows_of_the_table():
    points = (Point(name="Acme", x=Decimal("0.2"), y=3, url="/a/1"),)
    html = draw(Chart(key="s", kind="scatter", title="t", points=points, unit="tickets", x_unit="ratio"))
    assert '<a href="/a/1">Acme</a>' in html
    assert "20.0%" in html
    assert "3\u00a0tickets" in html
