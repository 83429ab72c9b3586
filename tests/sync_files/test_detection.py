"""What is written in one form is found out and read back as it was; what may be either is never guessed."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.files.columns import ColumnJudge, looks_like_data
from sync.files.detection.dates import parse_moment
from sync.files.detection.numbers import parse_number

LONG = (
    "1" + " " * 4000 + "x",
    "1/1/2026 10:00" + " " * 100_000 + "x",
    "1," * 60_000 + "x",
    "a@" + "a." * 60_000 + "@",
    "(" + " " * 100_000 + "1",
)
WRITTEN = {
    "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y"),
    "ymd": ("%Y-%m-%d", "%Y/%m/%d"),
    "named": ("%d %b %Y", "%d-%b-%Y", "%B %d, %Y"),
    "compact": ("%Y%m%d",),
}
DAYS = st.dates(date(1970, 1, 1), date(2099, 12, 31))
ZONE = ZoneInfo("Europe/Berlin")


def judged(cells: list[Any], first_row: int = 2) -> dict[str, Any]:
    judge = ColumnJudge()
    judge.add(range(first_row, first_row + len(cells)), cells)
    return judge.finding()


@given(
    form=st.sampled_from([(name, style) for name, styles in WRITTEN.items() for style in styles]),
    days=st.lists(DAYS, min_size=1, max_size=40),
)
def test_dates_are_read_back_as_written_or_asked_for(form: tuple[str, str], days: list[date]) -> None:
    name, style = form
    cells = [day.strftime(style) for day in days]
    found = judged(cells)["dates"]
    assert found["state"] in ("sure", "ambiguous")
    if found["state"] == "ambiguous":
        assert all(day.day <= 12 for day in days)
        assert found["format"] == ""
    chosen = found["format"] or name
    assert [parse_moment(cell, chosen, ZONE).date() for cell in cells] == days


@given(days=st.lists(DAYS, min_size=2, max_size=30), data=st.data())
def test_proof_of_both_orders_is_a_mixture_whose_rows_are_named(
    days: list[date], data: st.DataObject
) -> None:
    days = [day.replace(day=13 + day.day % 15) for day in days]
    orders = data.draw(st.lists(st.booleans(), min_size=len(days), max_size=len(days)))
    cells = [
        day.strftime("%d/%m/%Y" if is_dmy else "%m/%d/%Y") for day, is_dmy in zip(days, orders, strict=True)
    ]
    found = judged(cells)["dates"]
    if len(set(orders)) == 1:
        assert found["state"] == "sure"
        return
    assert found["state"] == "mixed"
    rarer = sum(orders) <= len(orders) / 2
    rows = [row for row, order in enumerate(orders, 2) if order == rarer]
    other = [row for row, order in enumerate(orders, 2) if order != rarer]
    assert found["rows"] in (rows[:20], other[:20])


def written(number: Decimal, point: str, group: str) -> str:
    text = f"{number:,f}"
    return text.translate(str.maketrans({",": group, ".": point}))


NUMBERS = st.decimals(-(10**12), 10**12, places=2, allow_nan=False)


@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=30),
    form=st.sampled_from(
        [("dot", ".", ","), ("comma", ",", "."), ("comma", ",", " "), ("dot", ".", "'"), ("dot", ".", "")]
    ),
)
def test_numbers_are_read_back_as_written(numbers: list[Decimal], form: tuple[str, str, str]) -> None:
    style, point, group = form
    cells = [written(number, point, group) for number in numbers]
    found = judged(cells)["numbers"]
    assert (found["state"], found["format"]) == ("sure", style)
    assert [parse_number(cell, style) for cell in cells] == numbers


@given(
    numbers=st.lists(st.integers(1000, 999_999), min_size=1, max_size=20), group=st.sampled_from([",", "."])
)
def test_thousands_without_decimals_are_never_guessed(numbers: list[int], group: str) -> None:
    found = judged([f"{number:,}".replace(",", group) for number in numbers])["numbers"]
    assert found["state"] == "ambiguous"
    assert found["format"] == ""


@given(st.text(max_size=60))
def test_no_text_breaks_the_judges_or_the_readers(text: str) -> None:
    judged([text])
    looks_like_data([text])
    readers = (
        lambda: parse_moment(text, "dmy", ZONE),
        lambda: parse_moment(text, "named", ZONE),
        lambda: parse_moment(text, "serial", ZONE),
        lambda: parse_number(text, "comma"),
    )
    for read in readers:
        with suppress(ValueError):
            read()


@pytest.mark.parametrize(
    ("cells", "state", "form"),
    [
        (["03/04/2026", "05/06/2026"], "ambiguous", ""),
        (["03/04/2026", "25/12/2026"], "sure", "dmy"),
        (["04/04/2026"], "sure", "dmy"),
        (["3.4.26", "31.12.25"], "sure", "dmy"),
        (["2026-04-03", "03/04/2026"], "mixed", ""),
        (["13/04/2026", "13-04-2026"], "mixed", ""),
        ([datetime(2026, 4, 3, tzinfo=UTC), "13/04/2026"], "mixed", ""),
        ([datetime(2026, 4, 3, tzinfo=UTC), "2026-04-03"], "sure", "ymd"),
        ([datetime(2026, 4, 3, tzinfo=UTC)], "sure", "ymd"),
        (["3 März 2026", "1 mai 2026"], "sure", "named"),
        (["2026-04-03T10:00:00Z", "2026-04-03 11:00"], "sure", "ymd"),
    ],
)
def test_verdicts_on_dates(cells: list[Any], state: str, form: str) -> None:
    found = judged(cells)["dates"]
    assert (found["state"], found["format"]) == (state, form)


def test_evidence_adds_up_over_blocks() -> None:
    judge = ColumnJudge()
    judge.add([2, 3], ["03/04/2026", "13/04/2026"])
    judge.add([10_002, 10_003], ["05/06/2026", "04/13/2026"])
    found = judge.finding()["dates"]
    assert found["state"] == "mixed"
    assert "(row 3)" in found["detail"]
    assert "(row 10003)" in found["detail"]


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("2026-04-03T10:30:00+02:00", "ymd", "2026-04-03T08:30:00+00:00"),
        ("03.04.2026 10:30", "dmy", "2026-04-03T08:30:00+00:00"),
        ("4/3/2026 1:05:09 PM", "mdy", "2026-04-03T11:05:09+00:00"),
        ("46115.5", "serial", "2026-04-03T10:00:00+00:00"),
        ("20260403", "compact", "2026-04-02T22:00:00+00:00"),
        ("April 3rd, 2026 12:00 AM", "named", "2026-04-02T22:00:00+00:00"),
    ],
)
def test_times_are_of_the_zone_unless_they_say_otherwise(text: str, form: str, moment: str) -> None:
    assert parse_moment(text, form, ZONE).astimezone(UTC).isoformat() == moment


@pytest.mark.parametrize(
    ("text", "style", "number"),
    [
        ("(1,234.50)", "dot", "-1234.50"),
        ("€ 1.234,50", "comma", "1234.50"),
        ("1 234,50 EUR", "comma", "1234.50"),
        ("12,34,567.00", "dot", "1234567.00"),
        ("\u221212", "dot", "-12"),
        ("12.5%", "dot", "12.5"),
        ("1,5E+3", "comma", "1500"),
        ("12-", "dot", "-12"),
    ],
)
def test_numbers_in_the_clothes_they_wear(text: str, style: str, number: str) -> None:
    assert parse_number(text, style) == Decimal(number)


@pytest.mark.parametrize("text", ["1.2.3", "1,23", "12a", "", "--1", "1 2", "1e999", "٣"])
def test_what_is_no_number_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number written like"):
        parse_number(text, "dot")


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_a_long_cell_takes_no_longer_than_a_short_one(text: str) -> None:
    began = time.monotonic()
    found = judged([text, "12"])
    assert (found["numbers"]["hits"], found["dates"], found["hint"]) == (1, None, "")
    assert not looks_like_data([text])
    for style in ("dot", "comma"):
        with pytest.raises(ValueError, match="is no number"):
            parse_number(text, style)
    for form in ("dmy", "ymd", "named", "compact", "serial"):
        with pytest.raises(ValueError, match="is no date"):
            parse_moment(text, form, ZONE)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("form", ["serial", "serial1904"])
@pytest.mark.parametrize("text", ["2958465", "2958465.99999999", "2958466", "0", "9999999"])
def test_a_day_number_at_the_end_of_time_is_read_or_refused(form: str, text: str) -> None:
    with suppress(ValueError):
        assert parse_moment(text, form, ZONE).year <= 9999
