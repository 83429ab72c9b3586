"""Open the health checks that are due, once for each account and turn, however often and by however many this runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Account
from people.functions import Function
from pods.checks.checklist import Item, held_items
from pods.checks.models import HealthCheck
from pods.checks.periods import CADENCES, Period, due_now, period_of
from pods.tasks.models import Task
from pods.tasks.services import open_task
from tiers.entitlements.resolution import entitlements_of

KIND = "pods.health_check"
ENTITLEMENT = "monitoring"
CHUNK = 1000


def open_due(day: date, *, limit: int = 5000) -> int:
    """Open what is due by a day, at most ``limit`` checks; return how many are new.

    A customer whose last check is still open gets no other, nor one whose check was closed in the present turn. Each is
    opened in a transaction of its own; the task's name keeps two workers from opening the same.
    """
    opened, items = 0, held_items()
    for account, period in _due(day):
        if opened >= limit:
            break
        opened += _open(account, period, items, day)
    return opened


def _due(day: date) -> Iterator[tuple[Account, Period]]:
    is_open = Task.objects.filter(kind=KIND, account=OuterRef("pk"), state=Task.State.OPEN)
    customers = Account.objects.customers().filter(~Exists(is_open)).select_related("standing")
    found = customers.order_by("pk").iterator(chunk_size=CHUNK)
    for some in _chunks(found):
        yield from _due_of(some, day)


def _due_of(accounts: Sequence[Account], day: date) -> Iterator[tuple[Account, Period]]:
    held = entitlements_of([account.pk for account in accounts], (ENTITLEMENT,))
    periods: list[tuple[Account, Period]] = []
    for account in accounts:
        standing = getattr(account, "standing", None)
        period = period_of(
            held[account.pk][ENTITLEMENT].value,
            day,
            account_id=account.pk,
            renewal_on=standing.renewal_on if standing else None,
        )
        if period is not None and period.opens_on <= day:
            periods.append((account, period))
    closed = _newest_closed([account.pk for account, _ in periods])
    for account, period in periods:
        last = closed.get(account.pk)
        if last is None or last < datetime.combine(period.starts_on, time(), UTC):
            yield account, period


def _newest_closed(accounts: Sequence[int]) -> dict[int, datetime]:
    rows = Task.objects.filter(kind=KIND, account__in=accounts, done_at__isnull=False)
    found = rows.order_by("done_at").values_list("account_id", "done_at")
    return {pk: done_at for pk, done_at in found if done_at is not None}


@transaction.atomic
def _open(account: Account, period: Period, items: Sequence[Item], day: date) -> bool:
    task = open_task(
        kind=KIND,
        about=f"health:{account.pk}:{period.cadence}:{period.starts_on.isoformat()}",
        account=account,
        title=f"{CADENCES[period.cadence]} health check of {account.name}"[:255],
        body="Go through the list on the check’s page, then say how it stands.",
        function=Function.CUSTOMER_SUCCESS,
        due_on=due_now(period, day),
    )
    _, is_new = HealthCheck.objects.get_or_create(
        task=task,
        defaults={
            "cadence": period.cadence,
            "starts_on": period.starts_on,
            "ends_on": period.ends_on,
            "items": [{"text": item.text, "number": item.number, "is_done": False} for item in items],
        },
    )
    return is_new


def _chunks(accounts: Iterator[Account]) -> Iterator[list[Account]]:
    held: list[Account] = []
    for account in accounts:
        held.append(account)
        if len(held) == CHUNK:
            yield held
            held = []
    if held:
        yield held
