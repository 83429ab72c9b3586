import json
from decimal import Decimal

import pytest

from common.charts import Chart, Point, Series, height_for


def texts(row):
    return [cell.text for cell in row["cells"]]


def test_a_spreadsheet_gets_plain_numbers():
    values = (Decimal("-1234567.80"), 0.25, None, Decimal("1E+3"))
    chart = Chart(
        key="b",
        kind="bar",
        title="t",
        categories=tuple("abcd"),
        series=(Series(name="x", values=values),),
        unit="ratio",
    )
    assert [row["cells"][0].raw for row in chart.rows()] == ["-1234567.80", "0.25", "", "1000"]


def test_a_series_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"finance\.x.*'ARR'.*1 values for 2"):
        Chart(
            key="finance.x",
            kind="bar",
            title="t",
            categories=("a", "b"),
            series=(Series(name="ARR", values=(1,)),),
        )


def test_the_description_is_plain_json():
    chart = Chart(
        key="a.b",
        kind="line",
        title="t",
        categories=("Jan", "Feb"),
        series=(Series(name="ARR", values=(Decimal("1.5"), None), tone="accent"),),
        points=(Point(name="p", x=1, y=Decimal(2)),),
        extra={"target": 3},
    )
    spec = json.loads(json.dumps(chart.spec()))
    assert spec["series"] == [{"name": "ARR", "values": [1.5, None], "tone": "accent"}]
    assert spec["points"][0]["y"] == 2.0
    assert spec["target"] == 3


def test_ids_are_safe_in_html_and_selectors():
    chart = Chart(key="finance.bridge #1", kind="bar", title="t")
    assert chart.dom_id == "chart-finance-bridge--1"
    assert chart.data_id == "chart-finance-bridge--1-data"


def test_a_heat_map_has_one_row_a_series():
    chart = Chart(
        key="h",
        kind="heatmap",
        title="t",
        categories=("M0", "M1"),
        series=(Series(name="Q1", values=(1, Decimal("0.5"))), Series(name="Q2", values=(1, None))),
        unit="ratio",
        decimals=0,
        category_label="Cohort",
    )
    assert chart.header() == ["Cohort", "M0", "M1"]
    assert [(row["name"], texts(row)) for row in chart.rows()] == [
        ("Q1", ["100%", "50%"]),
        ("Q2", ["100%", "–"]),
    ]


def test_other_kinds_have_one_row_a_category():
    chart = Chart(
        key="b",
        kind="stacked",
        title="t",
        categories=("Jan", "Feb"),
        series=(Series(name="Bug", values=(1, 2)), Series(name="Billing", values=(0, None))),
    )
    assert chart.header() == ["Month", "Bug", "Billing"]
    assert [texts(row) for row in chart.rows()] == [["1", "0"], ["2", "–"]]


def test_emptiness_is_about_figures_not_categories():
    empty = Chart(
        key="b", kind="bar", title="t", categories=("a",), series=(Series(name="x", values=(None,)),)
    )
    zero = Chart(key="b", kind="bar", title="t", categories=("a",), series=(Series(name="x", values=(0,)),))
    assert empty.is_empty
    assert not zero.is_empty


def test_days_without_a_value_take_room_on_the_axis_but_no_row_of_the_table():
    days = ("31 Oct", "1 Nov", "2 Nov")
    values = [Series(name="Health", values=[90, None, 70])]
    drawn = Chart(key="t", kind="line", title="It fell", categories=days, series=values)
    sparse = Chart(
        key="t", kind="line", title="It fell", categories=days, series=values, extra={"sparse": True}
    )
    assert len(sparse.spec()["categories"]) == 3
    assert [row["name"] for row in sparse.rows()] == ["31 Oct", "2 Nov"]
    assert len(drawn.rows()) == 3


def test_many_bars_below_one_another_have_a_taller_chart():
    assert (height_for(7), height_for(18)) == ("md", "lg")
