"""The sample company's support promises resolutions once, and never over what somebody has written."""

from __future__ import annotations

import pytest

from demo.calendars import DESK
from demo.policies import promise_resolutions
from support.clocks.keeping import keep_clocks
from support.models import PolicySet
from support.policies.services import in_force
from tests.metrics.facts import make_account
from tests.support.promises import clock, open_ticket
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_resolutions_are_promised_once() -> None:
    make_user("support", email=DESK)
    held = promise_resolutions()
    assert held is not None
    assert (held.version, in_force()) == (2, held)
    assert promise_resolutions() is None
    assert PolicySet.objects.count() == 2
    tickets = {
        tier: open_ticket(make_account(tier), "2026-11-16 09:00", priority="urgent")
        for tier in ("strategic", "enterprise", "standard")
    }
    keep_clocks()
    hours = {tier: (clock(ticket, "resolution").minutes or 0) / 60 for tier, ticket in tickets.items()}
    assert hours == {"strategic": 4, "enterprise": 8, "standard": 16}
    assert clock(tickets["strategic"]).minutes == 30
