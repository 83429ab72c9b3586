"""Daily use, and numbers made of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast

from accounts.models import Account
from metrics.expressions import NUMBER, DaysBetween, ratio_of_stored
from metrics.registry import Component, Definition, metric, rollup
from metrics.segments import mean_of_stored, segment_ratio, weighed_by_stored
from metrics.statements import Slice, Statement, load
from people.models import Category, Level
from product.models import EntitledFeature, UsageFeatureDay, UsageUserDay
from product.services import roll_up_usage

RECENT_DAYS = 30
NORM_DAYS = 90
USAGE_DAYS = ("product.usage_days",)


@rollup("product.usage_days", label="Use by day, user and feature")
def usage_days(as_of: date, first: int, last: int) -> int:
    """Recompute the days for which events arrived, whatever day is refreshed."""
    return roll_up_usage(first=first, last=last)


@metric(
    "product.usage_events_30d",
    label="Events in 30 days",
    unit="events",
    category=Category.PRODUCT_USAGE,
    formula="Usage events in the 30 days that end with the day; days are counted in UTC.",
    inputs=("usage-events",),
    depends_on=USAGE_DAYS,
    direction="up",
    standing="usage_events",
)
def usage_events_30d(as_of: date) -> Statement:
    return _per_user_account(as_of, UsageUserDay.objects.within(as_of, RECENT_DAYS), Sum("events"))


@metric(
    "product.usage_trend",
    label="Usage trend",
    unit="ratio",
    category=Category.PRODUCT_USAGE,
    formula="Events of the last 30 days divided by the account's own mean of 30 days in the 90 days before, "
    "or since its first use; not defined in the first 60 days of use or where the 90 days before hold none.",
    inputs=("usage-events", "product.usage_events_30d"),
    depends_on=USAGE_DAYS,
    direction="up",
    standing="usage_trend",
    component=Component(
        group="usage",
        curve=((0, 0), (0.5, 25), (0.8, 65), (1, 85), (1.25, 100)),
        fresh_days=2,
        why="Measured against the account's own past: as much as before is good, a fifth less is the first sign "
        "of leaving, half as much is late. Two days of thirty may be missing without turning it.",
    ),
)
def usage_trend(as_of: date) -> Statement:
    recent_from = as_of - timedelta(days=RECENT_DAYS - 1)
    return load(
        "product",
        "usage_trend",
        as_of=as_of,
        recent_from=recent_from,
        norm_from=recent_from - timedelta(days=NORM_DAYS),
        recent_days=RECENT_DAYS,
        norm_days=NORM_DAYS,
        fewest_days=RECENT_DAYS,
    )


@metric(
    "product.active_users_30d",
    label="Active users in 30 days",
    unit="users",
    category=Category.PRODUCT_USAGE,
    formula="Distinct users with an event in the 30 days that end with the day.",
    inputs=("usage-events",),
    depends_on=USAGE_DAYS,
    direction="up",
    component=Component(
        group="usage",
        curve=((0, 0), (1, 40), (3, 70), (10, 100)),
        fresh_days=2,
        why="One user is one resignation away from none; beyond ten, more of them say little. Use it where seats "
        "aren't known.",
    ),
)
def active_users_30d(as_of: date) -> Statement:
    recent = UsageUserDay.objects.within(as_of, RECENT_DAYS).by_people()
    return _per_user_account(as_of, recent, Count("user", distinct=True))


@metric(
    "product.features_used_30d",
    label="Features used in 30 days",
    unit="features",
    category=Category.PRODUCT_USAGE,
    formula="Distinct features with an event in the 30 days that end with the day.",
    inputs=("usage-events",),
    depends_on=USAGE_DAYS,
    direction="up",
    component=Component(
        group="usage",
        curve=((0, 0), (2, 40), (5, 80), (8, 100)),
        fresh_days=2,
        why="Who works with five features has built work on them. Use it where nothing says what the account may "
        "use.",
    ),
)
def features_used_30d(as_of: date) -> Statement:
    recent = UsageFeatureDay.objects.within(as_of, RECENT_DAYS).of_features()
    return _per_user_account(as_of, recent, Count("feature", distinct=True))


@metric(
    "product.adoption",
    label="Adoption",
    unit="ratio",
    category=Category.PRODUCT_USAGE,
    formula="Of the features that the account may use on the day, the share with an event in the 30 days that end with "
    "the day. Not defined where no source says what it may use (entitled-features).",
    inputs=("entitled-features", "usage-events"),
    depends_on=USAGE_DAYS,
    direction="up",
    component=Component(
        group="usage",
        curve=((0, 0), (0.3, 40), (0.5, 65), (0.7, 85), (0.9, 100)),
        fresh_days=2,
        why="The target is 70% of the features entitled: there it is well in green, at half of them in amber.",
    ),
)
def adoption(as_of: date) -> Statement:
    return load(
        "product",
        "adoption",
        entitled=EntitledFeature.objects.held_on(as_of).order_by().values("account_id", "feature"),
        used=UsageFeatureDay.objects.within(as_of, RECENT_DAYS).order_by().values("account_id", "feature"),
        as_of=as_of,
        first=Slice.FIRST,
        last=Slice.LAST,
    )


@metric(
    "product.usage_depth",
    label="Usage depth",
    unit="events",
    category=Category.PRODUCT_USAGE,
    formula="Events by people in the 30 days that end with the day, divided by the distinct users among them: how much "
    "one user does, however many there are. Features aren't counted by user. Not defined without active users.",
    inputs=("usage-events", "product.active_users_30d"),
    depends_on=USAGE_DAYS,
    direction="up",
    component=Component(
        group="usage",
        curve=((0, 0), (5, 30), (20, 60), (60, 85), (150, 100)),
        fresh_days=2,
        why="Less than one event a working day is a look now and then; three a day are work done in the product.",
    ),
)
def usage_depth(as_of: date) -> QuerySet[Any, Any]:
    recent = UsageUserDay.objects.within(as_of, RECENT_DAYS).by_people().filter(account__deleted_at=None)
    per_user = Cast(Sum("events"), NUMBER) / Count("user", distinct=True)
    depth: QuerySet[Any, Any] = recent.order_by().values("account_id").annotate(value=Cast(per_user, NUMBER))
    return depth


@metric(
    "product.seat_use",
    label="Seats in use",
    unit="ratio",
    # Beside the active users it tells the seats, which only readers of contracts may know.
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="Active users in 30 days divided by the seats entitled; above 100% where more use it than paid for. Not "
    "defined without seats.",
    inputs=("product.active_users_30d", "finance.seats"),
    depends_on=("product.active_users_30d", "finance.seats"),
    direction="up",
    component=Component(
        group="usage",
        curve=((0, 0), (0.3, 35), (0.6, 75), (0.85, 95), (1, 100)),
        fresh_days=2,
        why="Seats that nobody uses are the first to be cancelled: below 60% the next renewal is likely to "
        "shrink.",
    ),
)
def seat_use(as_of: date) -> Statement:
    return ratio_of_stored("product.active_users_30d", "finance.seats", as_of)


@metric(
    "product.days_since_last_use",
    label="Days since last use",
    unit="days",
    category=Category.PRODUCT_USAGE,
    formula="Days from the last day with an event to the day.",
    inputs=("usage-events",),
    depends_on=USAGE_DAYS,
    direction="down",
    component=Component(
        group="usage",
        curve=((0, 100), (3, 95), (7, 80), (14, 50), (30, 0)),
        fresh_days=1,
        why="A weekend costs nothing; after a month without any use there is nothing left to renew.",
    ),
)
def days_since_last_use(as_of: date) -> QuerySet[Any, Any]:
    newest = UsageUserDay.objects.known_by(as_of).filter(account_id=OuterRef("pk")).order_by("-day")
    return (
        Account.objects.live()
        .annotate(last=Subquery(newest.values("day")[:1]))
        .values(account_id=F("pk"), value=DaysBetween(Value(as_of), F("last")))
    )


@segment_ratio(
    Definition(
        key="product.adoption_mean",
        label="Adoption, mean",
        unit="ratio",
        category=Category.PRODUCT_USAGE,
        formula="The mean of the adoption of all accounts for which it is defined, each account counting alike, in "
        "the tier they have on the day.",
        inputs=("product.adoption", "entitled-features", "usage-events"),
        direction="up",
        whole="accounts",
    ),
    label="Adoption, by segment",
    depends_on=("product.adoption",),
)
def adoption_mean(as_of: date) -> Statement:
    return mean_of_stored("product.adoption", as_of)


@segment_ratio(
    Definition(
        key="product.depth",
        label="Usage depth, all users",
        unit="events",
        category=Category.PRODUCT_USAGE,
        formula="Events by people in the 30 days that end with the day, divided by the active users, over all "
        "accounts, each in the tier it has on the day.",
        inputs=("product.usage_depth", "product.active_users_30d", "usage-events"),
        direction="up",
        parts="events",
        whole="users",
    ),
    label="Usage depth, by segment",
    depends_on=("product.usage_depth", "product.active_users_30d"),
)
def depth(as_of: date) -> Statement:
    return weighed_by_stored("product.usage_depth", "product.active_users_30d", as_of)


def _per_user_account(as_of: date, facts: QuerySet[Any, Any], count: Aggregate) -> Statement:
    """Return the count per account that has ever used the product, 0 where it has not of late."""
    counted = facts.order_by().values("account_id").annotate(counted=count)
    return load(
        "product", "used_per_account", counted=counted, as_of=as_of, first=Slice.FIRST, last=Slice.LAST
    )
