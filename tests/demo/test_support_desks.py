"""The sample company's desks open once, and Hamburg's hours count where nothing names another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from demo.calendars import DESK, DESKS, open_desks
from support.calendars.hours import is_open
from support.calendars.reading import shown_calendars
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_the_desks_open_once() -> None:
    make_user("support", email=DESK)
    assert open_desks() == len(DESKS)
    assert open_desks() == 0
    shown = {one.row.name: one for one in shown_calendars(datetime(2026, 11, 27, 20, tzinfo=UTC))}
    assert shown["Hamburg desk"].row.is_default
    assert not shown["Business hours"].row.is_default
    assert shown["Boston desk"].is_open
    assert not shown["Hamburg desk"].is_open
    half_past_eight = datetime(2025, 3, 27, 7, 30, tzinfo=UTC), datetime(2025, 4, 3, 6, 30, tzinfo=UTC)
    assert [is_open(at, shown["Hamburg desk"].calendar) for at in half_past_eight] == [False, True]
