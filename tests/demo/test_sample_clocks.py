"""The sample company's ledgers know nothing of the minutes in which it was loaded."""

from __future__ import annotations

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Account, TierTenure
from demo.clocks import begin_clocks, count_by_clocks
from metrics.models import MetricValue
from support.clocks.keeping import keep_clocks
from support.models import CalendarVersion, ClockEntry, PolicyTenure
from support.policies.tenures import review_tenures
from tests.metrics.facts import ago, make_account, make_ticket, measure
from tests.support.promises import clock, make_calendar, open_ticket, publish_policies

pytestmark = pytest.mark.django_db


def test_what_was_promised_while_it_was_loaded_is_gone() -> None:
    account, other = make_account("standard"), make_account("strategic")
    ticket = open_ticket(account, "2026-11-16 09:00")
    keep_clocks()
    Account.objects.filter(pk=account.pk).update(tier=other.tier)
    review_tenures()
    TierTenure.objects.create(
        account=account, tier=other.tier, during=DateRange(date(2026, 1, 1), None), cause="import"
    )
    publish_policies({"cells": [("resolution", "normal", "strategic", 60)]})
    keep_clocks()
    assert PolicyTenure.objects.filter(account=account).count() == 3
    assert begin_clocks() == 1
    (held,) = PolicyTenure.objects.filter(account=account)
    assert (held.since, held.tier) == (None, other.tier)
    assert not ClockEntry.objects.filter(ticket=ticket, kind__in=("recompute", "clear")).exists()
    assert clock(ticket, "resolution").minutes == 60


def test_hours_of_desks_count_from_the_day_on_which_they_began() -> None:
    calendar = make_calendar()
    begin_clocks()
    (version,) = CalendarVersion.objects.filter(calendar=calendar)
    assert version.created_at.date() == version.starts_on


def test_days_whose_numbers_were_made_before_the_ledgers_are_counted_again() -> None:
    account = make_account("strategic")
    make_ticket(account, ago(9), ago(8))
    make_ticket(account, ago(3), priority="urgent")
    late = "support.late_urgent_tickets"
    assert [measure(late, ago(days))[account.pk] for days in (4, 3)] == [0, 0]
    begin_clocks()
    assert count_by_clocks() == 2
    held = MetricValue.objects.filter(account=account, key=late).order_by("as_of")
    assert list(held.values_list("as_of", "value")) == [(ago(4), 0), (ago(3), 1)]
