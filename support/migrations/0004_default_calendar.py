from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)
WORKING_DAYS = range(5)
OPENS, CLOSES = 9 * 60, 17 * 60


def begin_default(apps: Any, schema_editor: Any) -> None:
    """Begin the calendar that counts until support writes its own: Monday to Friday, 9 to 17 in UTC."""
    calendars = apps.get_model("support", "BusinessCalendar").objects
    if calendars.exists():
        return
    calendar = calendars.create(name="Business hours", is_default=True)
    apps.get_model("support", "CalendarVersion").objects.create(
        calendar=calendar,
        version=1,
        state="published",
        starts_on=FIRST_DAY,
        zone="UTC",
        spans=[[weekday, OPENS, CLOSES] for weekday in WORKING_DAYS],
        note="What business hours are until support writes down its own.",
    )


class Migration(migrations.Migration):
    dependencies = [("support", "0003_calendars")]

    operations = [migrations.RunPython(begin_default, migrations.RunPython.noop)]
