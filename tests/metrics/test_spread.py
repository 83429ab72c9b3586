"""Curves over the values that accounts have: each account in one bar and one band, as its score counts it."""

from __future__ import annotations

import random
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from metrics.health.curves import curve_of, points_at
from metrics.health.spread import CurveChart, curve_charts, cuts_of, edges_of
from metrics.models import HealthModel, HealthScore, MetricValue
from people.access import access_of
from tests.metrics.facts import TODAY, make_account

FALL = curve_of([(0, 100), (3, 95), (7, 80), (14, 50), (30, 0)])
RISE = curve_of([(0, 0), (0.5, 25), (0.8, 65), (1, 85), (1.25, 100)])
HILL = curve_of([(0, 40), (5, 100), (20, 80), (50, 40), (100, 0)])
KEYS = {
    "product.days_since_last_use": FALL,
    "product.usage_trend": RISE,
    "support.tickets_per_100_seats": HILL,
}


def put(key: str, values: list[Decimal], *, scored: bool = True) -> None:
    """Store a value of as many accounts, and perhaps that they were scored."""
    model = HealthModel.objects.published().first()
    for value in values:
        account = make_account()
        MetricValue.objects.create(key=key, as_of=TODAY, account=account, value=value)
        if scored:
            HealthScore.objects.create(as_of=TODAY, account=account, model=model, band="unknown", coverage=0)


def chart_of(key: str, function: str = "revops") -> CurveChart:
    return curve_charts({key: KEYS[key]}, TODAY, access_of(function))[key]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - drawn by ourselves


@pytest.mark.django_db
@pytest.mark.parametrize("key", KEYS)
def test_each_account_stands_in_the_bar_of_its_value_and_the_band_of_its_points(key: str) -> None:
    curve = KEYS[key]
    chance = random.Random(key)
    last = float(curve[-1][0])
    values = [round(Decimal(chance.uniform(-0.1 * last, 1.2 * last)), 6) for _ in range(60)]
    values += [value for value, _ in curve] * 2  # where the curve bends, and where whole numbers lie
    put(key, values)
    chart = chart_of(key)
    points = [points_at(curve, value) for value in values]
    for bar in chart.bars:
        inside = [
            value
            for value in values
            if (bar.low is None or value >= bar.low) and (bar.high is None or value < bar.high)
        ]
        assert bar.accounts == len(inside)
        bands = [points_at(curve, value) for value in inside]
        assert bar.red == sum(each < 50 for each in bands)
        assert bar.green == sum(each >= 75 for each in bands)
    assert chart.accounts == chart.scored == len(values)
    assert sum(bar.red for bar in chart.bars) == sum(each < 50 for each in points) > 0
    assert sum(bar.green for bar in chart.bars) == sum(each >= 75 for each in points) > 0


def test_what_counts_whole_things_has_bars_of_whole_width() -> None:
    assert edges_of(FALL, is_whole=True) == list(range(0, 31, 2))
    few = curve_of([(0, 100), (1, 55), (2, 25), (4, 0)])
    assert edges_of(few, is_whole=True) == [0, 1, 2, 3, 4]
    assert len(edges_of(few, is_whole=False)) == 21
    odd = edges_of(curve_of([(0, 100), (365, 0)]), is_whole=True)
    assert (odd[-2], odd[-1], len(odd)) == (361, 365, 21)


def test_bands_change_at_the_very_value_that_gets_the_points() -> None:
    # At 14 days there are 50 points, which is amber still; a millionth later it isn't.
    assert Decimal("14.000001") in cuts_of(FALL, is_whole=True)
    # 25 + 40 × 0.1875 ÷ 0.3 = 50, from that value on.
    assert Decimal("0.6875") in cuts_of(RISE, is_whole=False)


@pytest.mark.django_db
def test_only_scored_accounts_count_and_who_lacks_the_number_is_told() -> None:
    put("product.usage_trend", [Decimal(1), Decimal("0.1")])
    put("product.usage_trend", [Decimal("0.2")], scored=False)
    put("product.days_since_last_use", [Decimal(3)])
    chart = chart_of("product.usage_trend")
    assert (chart.accounts, chart.scored, chart.missing) == (2, 3, 1)
    assert chart.title == "50% of 2 accounts get 75 points or more, 50% fewer than 50"
    shown = render_to_string("metrics/_curve.html", {"chart": chart})
    assert "scored has no value" in shown


@pytest.mark.django_db
def test_who_may_not_read_the_number_gets_the_curve_and_the_reason_alone() -> None:
    put("product.usage_trend", [Decimal(1)] * 3)
    chart = chart_of("product.usage_trend", "finance")
    assert chart.redacted is not None
    assert "Finance does not read product usage" in chart.redacted.reason
    assert (chart.bars, chart.scored, chart.rows()) == ((), 0, [])
    assert "<rect" not in chart.drawing
    assert 'class="abe-curve-line"' in chart.drawing


@pytest.mark.django_db
def test_all_curves_are_counted_in_one_query_and_kept_until_the_next_refresh() -> None:
    access = access_of("revops")
    curve_charts(KEYS, TODAY, access)
    with CaptureQueriesContext(connection) as again:
        curve_charts(KEYS, TODAY, access)
    assert len(again) == 1, [query["sql"] for query in again]


@pytest.mark.django_db
def test_the_drawing_is_sound_and_stays_in_its_frame() -> None:
    put("product.days_since_last_use", [Decimal(value) for value in (-4, 0, 1, 13, 29, 30, 400)])
    svg = parsed(chart_of("product.days_since_last_use").drawing)
    width, height = (float(part) for part in svg.attrib["viewBox"].split()[2:])
    bars = [
        {name: float(each.attrib[name]) for name in ("x", "y", "width", "height")}
        for each in svg.iter("rect")
    ]
    assert len(bars) == 5  # 0 and 1 share one, and so do 30 and 400
    assert all(bar["x"] >= 0 and bar["x"] + bar["width"] <= width for bar in bars)
    assert all(bar["y"] >= 0 and bar["y"] + bar["height"] <= height for bar in bars)
    assert max(bar["height"] for bar in bars) > 40
    assert "0 days → 100" in svg.attrib["aria-label"].replace("\xa0", " ")


def test_a_number_without_values_still_shows_its_curve() -> None:
    chart = CurveChart(key="x.y", label="X", unit="days", curve=FALL)
    assert chart.title == "No account that is scored has this number yet"
    assert parsed(chart.drawing) is not None
