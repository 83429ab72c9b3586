"""Revenue in a currency without a rate is left out, and never without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from metrics.models import RefreshRun, RefreshStep
from metrics.registry import metrics, segment_metrics
from tests.metrics.facts import LAST, TODAY, ago, make_account, make_line, make_rate, refresh

pytestmark = pytest.mark.django_db

SEGMENTS = ("finance.retention:segments", "finance.movements:segments")


def note_of(key: str) -> str:
    item = segment_metrics.get(key) or metrics[key]
    assert item.note is not None
    return item.note(TODAY, 0, LAST)


def notes_of(run: RefreshRun) -> dict[str, str]:
    return dict(RefreshStep.objects.filter(run=run).exclude(note="").values_list("key", "note"))


def test_retention_and_movements_name_what_they_leave_out() -> None:
    for currency in ("SEK", "SEK", "USD"):
        make_line(make_account(), ago(500), currency=currency)
    notes = notes_of(refresh())
    for key in ("finance.nrr", *SEGMENTS):
        assert "No exchange rate" in notes[key], key
        assert "for SEK (2 accounts): these accounts are left out." in notes[key], key


def test_revenue_that_ended_counts_where_the_period_began_with_it() -> None:
    make_line(make_account(), ago(500), ago(200), currency="SEK")
    make_line(make_account(), ago(500), TODAY - timedelta(days=5), currency="NOK")
    assert "NOK (1 account), SEK (1 account)" in note_of(SEGMENTS[0])
    assert "NOK (1 account): these" in note_of(SEGMENTS[1])
    assert note_of("finance.arr") == ""


def test_with_a_rate_there_is_nothing_to_say() -> None:
    make_line(make_account(), ago(500), currency="SEK")
    make_rate("SEK", ago(3), "0.1")
    assert [note_of(key) for key in ("finance.nrr", "finance.arr", *SEGMENTS)] == ["", "", "", ""]
