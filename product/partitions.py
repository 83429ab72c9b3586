"""The monthly partitions of usage events: made ahead, filled from the default one, retired by setting."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F, Max
from psycopg import sql

from common.sql import load_sql
from product.models import RetiredMonth, UsageDayToRecompute
from product.services import roll_up_usage

MONTHS_AHEAD = 3
# Fewer stray events than this, from clocks that are wrong, are not worth a partition of their own.
WORTH_A_PARTITION = 1000
MOVED_AT_ONCE = 12
DELETED_AT_ONCE = 10_000
LARGEST_ID = 2**63 - 1
NAME = re.compile(r"^product_usageevent_(\d{4})_(\d{2})$")
HORIZON_KEPT_FOR = 30.0  # seconds

logger = logging.getLogger(__name__)


def months() -> list[date]:
    """Return the first days of the months that have a partition, in order."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("product", "month_partitions"))
        found = (NAME.match(row[0]) for row in cursor.fetchall())
    return sorted(date(int(name[1]), int(name[2]), 1) for name in found if name)


def make_month(month: date) -> bool:
    """Give a month its partition and move its events there; return whether it was missing.

    One transaction; intake of events outside the months that have a partition waits for it.
    """
    if month in months():
        return False
    after = _months_on(month, 1)
    query = load_sql(
        "product",
        "month_make",
        partition=_name(month),
        first=sql.Literal(_start(month)),
        after=sql.Literal(_start(after)),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query)
    return True


def keep_months(today: date) -> dict[str, int]:
    """Make partitions ahead, give months in the default partition their own, retire the oldest.

    Each month is a transaction of its own. One that can't get its locks within seconds is left for the next
    time, since everything works without it.
    """
    done = {"made": 0, "retired": 0}
    first = today.replace(day=1)
    wanted = [_months_on(first, ahead) for ahead in range(MONTHS_AHEAD + 1)]
    with connection.cursor() as cursor:
        cursor.execute(load_sql("product", "month_in_rest"), [WORTH_A_PARTITION, MOVED_AT_ONCE])
        wanted += [row[0] for row in cursor.fetchall() if row[0].year < 9999]
    for month in dict.fromkeys(wanted):
        try:
            done["made"] += make_month(month)
        except OperationalError:
            logger.warning("The partition of %s waits for its locks until the next time", month)
    done["retired"] = _retire(horizon_of(today))
    return done


def horizon_of(today: date) -> date | None:
    """Return the first day whose events are kept by the setting; None where all are."""
    keep: int = settings.EVENTS_KEEP_MONTHS
    return _months_on(today.replace(day=1), -keep) if keep > 0 else None


class _Horizon:
    """The day before which events are refused: read now and then, not for each event."""

    def __init__(self) -> None:
        self.read_at = float("-inf")
        self.day: date | None = None

    def forget(self) -> None:
        self.read_at = float("-inf")

    def current(self) -> date | None:
        if time.monotonic() - self.read_at > HORIZON_KEPT_FOR:
            newest: date | None = RetiredMonth.objects.aggregate(newest=Max("month"))["newest"]
            retired = _months_on(newest, 1) if newest else None
            days = [day for day in (retired, horizon_of(datetime.now(UTC).date())) if day]
            self.day = max(days) if days else None
            self.read_at = time.monotonic()
        return self.day


horizon = _Horizon()


def refuse_retired(moment: datetime) -> datetime:
    """Return ``moment``, or raise ValueError where its month has been retired or would be at once.

    Its day could not be rolled up any more: the other events of the day are gone.
    """
    day = horizon.current()
    if day is not None and moment < datetime(day.year, day.month, day.day, tzinfo=UTC):
        raise ValueError(f"retired|Events before {day} have been retired; only their daily sums are kept.")
    return moment


def _retire(edge: date | None) -> int:
    if edge is None:
        return 0
    retired = 0
    for month in months():
        if _months_on(month, 1) > edge:
            break
        try:
            _retire_month(month)
        except DatabaseError:
            logger.exception("Events of %s could not be retired; they stay until the next time", month)
            break
        retired += 1
    return retired + _empty_rest(edge)


def _retire_month(month: date) -> None:
    after = _months_on(month, 1)
    _roll_up_before(after)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(load_sql("product", "month_count", partition=_name(month)))
        _note_retired(month, cursor.fetchone()[0])
        cursor.execute(load_sql("product", "month_drop", partition=_name(month)))
    horizon.forget()


def _empty_rest(edge: date) -> int:
    """Delete what the default partition holds from before ``edge``, some thousand rows in a transaction."""
    retired: set[date] = set()
    _roll_up_before(edge)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            query = load_sql("product", "month_empty_rest")
            cursor.execute(query, [_start(edge), DELETED_AT_ONCE])
            gone = cursor.fetchall()
            for month, events in gone:
                _note_retired(month, events)
        if not gone:
            break
        retired |= {month for month, _ in gone}
        horizon.forget()
    return len(retired)


def _note_retired(month: date, events: int) -> None:
    held, is_new = RetiredMonth.objects.get_or_create(month=month, defaults={"events": events})
    if not is_new:
        RetiredMonth.objects.filter(pk=held.pk).update(events=F("events") + events)


def _roll_up_before(day: date) -> None:
    """Count the last events of days that are about to lose them."""
    if UsageDayToRecompute.objects.filter(day__lt=day).exists():
        roll_up_usage(first=0, last=LARGEST_ID)


def _name(month: date) -> sql.Identifier:
    return sql.Identifier(f"product_usageevent_{month:%Y_%m}")


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _months_on(month: date, count: int) -> date:
    year, number = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(year, number + 1, 1)
