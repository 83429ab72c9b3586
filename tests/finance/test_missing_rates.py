"""Revenue in a currency without a rate is left out, and never without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.home import Reader, home_panels
from accounts.lenses import panels
from common.formatting import format_date
from finance.revenue.positions import currencies_without_rate
from metrics.models import RefreshRun, RefreshStep
from metrics.registry import metrics, segment_metrics
from people.access import access_of
from tests.metrics.facts import LAST, TODAY, ago, follow_revenue, make_account, make_line, make_rate, refresh
from tests.users import make_user

pytestmark = pytest.mark.django_db

SEGMENTS = ("finance.retention:segments", "finance.movements:segments")


def note_of(key: str) -> str:
    follow_revenue()
    item = segment_metrics.get(key) or metrics[key]
    assert item.note is not None
    return item.note(TODAY, 0, LAST)


def notes_of(run: RefreshRun) -> dict[str, str]:
    return dict(RefreshStep.objects.filter(run=run).exclude(note="").values_list("key", "note"))


def test_retention_and_movements_name_what_they_leave_out() -> None:
    for currency in ("SEK", "SEK", "USD"):
        make_line(make_account(), ago(500), currency=currency)
    notes = notes_of(refresh())
    for key in ("finance.nrr", "finance.grr", "finance.arr_change_90d", *SEGMENTS):
        assert "No exchange rate" in notes[key], key
        assert "for SEK (2 accounts): these accounts are left out." in notes[key], key


def test_revenue_that_ended_counts_where_the_period_began_with_it() -> None:
    make_line(make_account(), ago(500), ago(200), currency="SEK")
    make_line(make_account(), ago(500), TODAY - timedelta(days=5), currency="NOK")
    assert "NOK (1 account), SEK (1 account)" in note_of(SEGMENTS[0])
    assert "NOK (1 account): these" in note_of(SEGMENTS[1])
    assert "NOK (1 account): these" in note_of("finance.arr_change_90d")
    assert note_of("finance.arr") == note_of("finance.mrr") == ""


def test_revenue_from_before_a_period_is_left_out_of_nothing_in_it() -> None:
    account = make_account()
    make_line(account, ago(500), ago(200), currency="SEK")
    make_line(account, ago(500), ago(100), currency="NOK")
    make_line(make_account(), ago(90), ago(80), currency="NOK")
    follow_revenue()
    assert currencies_without_rate(ago(300), TODAY) == [("NOK", 2), ("SEK", 1)]
    assert currencies_without_rate(ago(200), TODAY) == [("NOK", 2)]
    assert currencies_without_rate(ago(100), TODAY) == [("NOK", 1)]
    assert currencies_without_rate(ago(101), TODAY, account_id=account.pk) == [("NOK", 1)]
    assert currencies_without_rate(ago(100), TODAY, account_id=account.pk) == []


def test_with_a_rate_there_is_nothing_to_say() -> None:
    make_line(make_account(), ago(500), currency="SEK")
    make_rate("SEK", ago(3), "0.1")
    assert [note_of(key) for key in ("finance.nrr", "finance.arr", *SEGMENTS)] == ["", "", "", ""]


def test_a_chart_of_revenue_says_whose_it_leaves_out() -> None:
    lacking, known = make_account(), make_account()
    make_line(lacking, ago(500), currency="SEK")
    make_line(lacking, ago(500))
    make_line(known, ago(500))
    refresh()
    text = f"Left out: SEK (1 account), without an exchange rate by {format_date(TODAY)}."
    for key in ("finance.arr_by_month", "finance.arr_movements"):
        own = panels[key].load(lacking, TODAY)["chart"]
        assert own.is_empty
        assert (own.title, own.empty) == ("ARR has no value in the reporting currency", text)
        assert "Left out" not in panels[key].load(known, TODAY)["chart"].note
    for key in ("finance.company_arr", "finance.arr_bridge"):
        reader = Reader(user=make_user("finance"), as_of=TODAY, access=access_of("finance"))
        whole = home_panels[key].load(reader)["chart"]
        assert text in whole.note
        assert not whole.is_empty


def test_a_chart_without_revenue_says_what_makes_it() -> None:
    for key in ("finance.arr_by_month", "finance.arr_movements"):
        chart = panels[key].load(make_account(), TODAY)["chart"]
        assert chart.is_empty
        assert "Contract lines" in chart.empty
