"""The nights before today are asked for once, of the workers, as RevOps would."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from demo.nights import BY, make_nights
from metrics.engine.plan import today
from metrics.models import Backfill
from metrics.nights.strip import newest_nights
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_the_nights_of_the_strip_are_asked_for_once() -> None:
    assert make_nights() is None, "there is nobody to ask"
    asked_by = make_user("revops", email=BY)
    begun = make_nights()
    assert begun is not None
    assert begun.requested_by == asked_by
    shown = [night.day for night in newest_nights()]
    assert (begun.first_on, begun.last_on) == (shown[0], shown[-1]) == (shown[0], today() - timedelta(days=1))
    assert make_nights() is None, "they are made once"
    assert Backfill.objects.count() == 1


def test_the_command_says_where_to_watch_it() -> None:
    make_user("revops", email=BY)
    first, second = StringIO(), StringIO()
    call_command("prepare_sample_nights", stdout=first)
    call_command("prepare_sample_nights", stdout=second)
    assert f"/metrics/runs/backfill/{Backfill.objects.get().pk}/" in first.getvalue()
    assert "already" in second.getvalue()
