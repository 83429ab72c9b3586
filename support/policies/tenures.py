"""What is promised to each account, written down whenever it becomes something else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from accounts.conditions.expression import BrokenConditionError, Condition, stored_condition
from accounts.conditions.query import meaning, with_fields
from accounts.models import Account, Tier, TierTenure
from accounts.querysets import AccountQuerySet
from support.clocks.marks import mark_tickets
from support.entitlements import CLOCK, FIRST_RESPONSE
from support.models import BusinessCalendar, Policy, PolicySet, PolicyTenure, Ticket
from support.querysets import DONE
from tiers.entitlements.registry import kinds
from tiers.entitlements.resolution import Entitled, entitlements_by
from tiers.entitlements.tables import ValueTable, table_in_force

logger = structlog.get_logger(__name__)

SLICE = 5_000
# Any number that nobody else locks with: one review at a time, so that nothing is written twice.
LOCK = 2_026_712
AROUND_THE_CLOCK = "24x7"
NEVER_DATED: list[tuple[datetime | None, Tier | None]] = [(None, None)]


class Content(NamedTuple):
    """What a promise says."""

    policy: int | None
    tier: int | None
    minutes: int
    calendar: int | None
    agreed_by: str


def review_tenures(accounts: Collection[int] | None = None) -> int:
    """Write down what is promised to accounts now where it isn't what was; return how many changed.

    Every live account unless some are named. Each slice in a transaction of its own; tickets whose clocks run by what
    changed are marked in it. While a condition in force speaks of something that is gone nobody can tell which policy
    fits: then accounts keep what they were promised, those that are new wait, and the page of the policies says so.
    """
    keys = Account.objects.live().order_by("pk").values_list("pk", flat=True)
    if accounts is not None:
        keys = keys.filter(pk__in=list(accounts))
    every = list(keys)
    try:
        return sum(
            _review(every[start : start + SLICE], is_whole=accounts is None)
            for start in range(0, len(every), SLICE)
        )
    except BrokenConditionError as error:
        logger.warning("Promises stay as they are: a policy in force is broken", why=str(error))
        return 0


@transaction.atomic
def _review(accounts: list[int], *, is_whole: bool) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    now = timezone.now()
    present = _present(accounts)
    held = {
        row.account_id: content_of(row)
        for row in PolicyTenure.objects.filter(account__in=accounts)
        .order_by("account_id", "-pk")
        .distinct("account_id")
    }
    changed = [
        PolicyTenure(account_id=pk, since=now, **_columns(content))
        for pk, content in present.promises.items()
        if pk in held and held[pk] != content
    ]
    began = list(_began({pk: one for pk, one in present.promises.items() if pk not in held}, present))
    PolicyTenure.objects.bulk_create([*changed, *began])
    # What is done keeps the promises of its time.
    if changed:
        tickets = Ticket.objects.filter(account__in={one.account_id for one in changed})
        mark_tickets(tickets.exclude(status__in=DONE))
    # Whoever names accounts is about to tell their clocks. Else their tickets may have been looked at in vain, while a
    # policy was broken.
    if began and is_whole:
        mark_tickets(Ticket.objects.filter(account__in={one.account_id for one in began}))
    return len(changed) + len({one.account_id for one in began})


class _Present(NamedTuple):
    promises: dict[int, Content]
    table: ValueTable
    policies: dict[int, Policy]
    default: int | None


def as_if_always(accounts: list[int], held: PolicySet | None) -> list[PolicyTenure]:
    """Return what accounts would be promised had a version counted all the time; nothing is stored.

    With the tiers that they had, and otherwise by what is known now, just as the first promises of an account are
    made. Raises BrokenConditionError where a condition of the version speaks of something that is gone.
    """
    present = _present(accounts, [held] if held is not None else [])
    return list(_began(present.promises, present))


def _present(accounts: list[int], sets: Collection[PolicySet] | None = None) -> _Present:
    """Return what is promised to accounts now, by the version in force unless others are named."""
    table = table_in_force()
    entitled = entitlements_by(table, accounts, (FIRST_RESPONSE, CLOCK))
    placed, policies = policies_of(accounts, sets)
    default = BusinessCalendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    promises = {}
    for pk in accounts:
        response, clock = entitled[pk][FIRST_RESPONSE], entitled[pk][CLOCK]
        policy = policies.get(placed.get(pk) or 0)
        promises[pk] = Content(
            policy.pk if policy else None,
            response.tier.pk if response.tier else None,
            response.value,
            calendar_for(policy, clock.value, default),
            _agreed_by(response),
        )
    return _Present(promises, table, policies, default)


def policies_of(
    accounts: Collection[int], sets: Collection[PolicySet] | None = None
) -> tuple[dict[int, int | None], dict[int, Policy]]:
    """Return by account which policy counts for it, None where none fits, and the policies by key.

    Those in force, unless other versions are named.
    """
    among = PolicySet.objects.published() if sets is None else sets
    policies = list(Policy.objects.filter(policy_set__in=among).order_by("position"))
    places = first_fitting(
        Account.objects.filter(pk__in=accounts), [stored_condition(one.condition) for one in policies]
    )
    placed = {pk: None if place is None else policies[place].pk for pk, place in places.items()}
    return placed, {one.pk: one for one in policies}


def first_fitting(accounts: AccountQuerySet, conditions: Sequence[Condition]) -> dict[int, int | None]:
    """Return by account the place of the first condition that holds for it now, None where none does.

    One query. Raises BrokenConditionError where a condition speaks of something that is gone.
    """
    if not conditions:
        return dict.fromkeys(accounts.values_list("pk", flat=True))
    places = Case(
        *(When(meaning(one), then=Value(place)) for place, one in enumerate(conditions)),
        output_field=IntegerField(null=True),
    )
    return dict(with_fields(accounts, conditions).values_list("pk", places))


def calendar_for(policy: Policy | None, entitled: str, default: int | None) -> int | None:
    """Return the calendar by which time runs under a policy, None for around the clock."""
    if policy is not None and policy.clock == Policy.ClockKind.CALENDAR:
        return policy.calendar_id
    kind = entitled if policy is None or policy.clock == Policy.ClockKind.ENTITLED else policy.clock
    return None if kind == AROUND_THE_CLOCK else default


def _began(promises: Mapping[int, Content], present: _Present) -> Iterator[PolicyTenure]:
    """Yield the first rows of accounts: one for each tier that they had, by what is promised at it now."""
    tenures = TierTenure.objects.filter(account__in=promises).order_by("account_id", "during")
    tiers: dict[int, list[tuple[datetime | None, Tier | None]]] = {pk: [] for pk in promises}
    for tenure in tenures.select_related("tier"):
        tiers[tenure.account_id].append((_midnight(tenure.during.lower), tenure.tier))
    for pk, content in promises.items():
        before: Content | None = None
        for since, tier in tiers[pk] or NEVER_DATED:
            then = _at_tier(content, tier, present) if tier is not None else content
            if then != before:
                yield PolicyTenure(account_id=pk, since=None if before is None else since, **_columns(then))
            before = then


def _at_tier(content: Content, tier: Tier, present: _Present) -> Content:
    """Return what is promised now as it would be at another tier; what a contract says stays."""
    if tier.pk == content.tier:
        return content
    policy = present.policies.get(content.policy or 0)
    minutes = content.minutes if content.agreed_by else present.table.value(kinds[FIRST_RESPONSE], tier)
    calendar = calendar_for(policy, present.table.value(kinds[CLOCK], tier), present.default)
    return content._replace(tier=tier.pk, minutes=minutes, calendar=calendar)


def content_of(row: PolicyTenure) -> Content:
    """Return what a stored tenure says."""
    return Content(row.policy_id, row.tier_id, row.entitled_minutes, row.calendar_id, row.agreed_by)


def _columns(content: Content) -> dict[str, Any]:
    return {
        "policy_id": content.policy,
        "tier_id": content.tier,
        "entitled_minutes": content.minutes,
        "calendar_id": content.calendar,
        "agreed_by": content.agreed_by,
    }


def _agreed_by(entitled: Entitled) -> str:
    return entitled.clause.words[:255] if entitled.clause is not None else ""


def _midnight(day: date | None) -> datetime | None:
    """Return when a day begins that a tier counts from; tiers are dated by UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)
