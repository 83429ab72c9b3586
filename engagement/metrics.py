"""Numbers of the relationship: touches, who at the customer takes part in them, deals, and scores of points."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Value
from django.db.models.functions import Cast

from accounts.models import ContactRole
from engagement import surveys as _surveys  # noqa: F401 - declares what customers say of us
from engagement import target_lists as _lists  # noqa: F401 - declares the target lists and their alignment
from engagement.models import AccountScore, DealKind, Engagement, Opportunity, ScoreKind
from engagement.querysets import REQUIRED_ROLES
from engagement.scoring.explain import how
from engagement.scoring.score import fields_read, store_scores
from engagement.scoring.services import ROLLUP
from metrics.expressions import NUMBER, DaysBetween, count_per_account, epoch_day, utc_day
from metrics.registry import Breakdown, Component, metric, rollup
from metrics.statements import Statement
from people.models import Category

RECENT_DAYS = 90
# Users and blockers decide nothing for us; the committee is those who can.
NOT_COMMITTEE = ("", ContactRole.USER, ContactRole.BLOCKER)


@metric(
    "engagement.last_touch_on",
    label="Last touch",
    unit="date",
    category=Category.ENGAGEMENT,
    formula="The day of the newest call, e-mail, meeting or event with the account; web visits don't count.",
    inputs=("engagements",),
    standing="last_touch_on",
)
def last_touch_on(as_of: date) -> QuerySet[Any, Any]:
    return _touches(as_of, epoch_day(Max(utc_day("occurred_at"))))


@metric(
    "engagement.days_since_touch",
    label="Days since last touch",
    unit="days",
    category=Category.ENGAGEMENT,
    formula="Days from the last touch to the day.",
    inputs=("engagements", "engagement.last_touch_on"),
    direction="down",
    component=Component(
        group="relationship",
        curve=((0, 100), (14, 100), (30, 80), (60, 45), (120, 0)),
        fresh_days=2,
        why="A touch a month is the least that any tier is owed; after a quarter without one nobody would know of "
        "trouble.",
    ),
)
def days_since_touch(as_of: date) -> QuerySet[Any, Any]:
    return _touches(as_of, DaysBetween(Value(as_of), Max(utc_day("occurred_at"))))


@metric(
    "engagement.touches_90d",
    label="Touches in 90 days",
    unit="touches",
    category=Category.ENGAGEMENT,
    formula="Calls, e-mails, meetings and events in the 90 days to the day; web visits don't count.",
    inputs=("engagements",),
    direction="up",
)
def touches_90d(as_of: date) -> Statement:
    recent = Engagement.objects.within(as_of, RECENT_DAYS).between_people()
    return count_per_account(recent, feed=Engagement.objects.known_by(as_of))


@metric(
    "engagement.active_contacts",
    label="Active contacts",
    unit="contacts",
    category=Category.ENGAGEMENT,
    formula="Distinct contacts who took part in a touch in the 90 days that end with the day.",
    inputs=("engagements", "contacts"),
    direction="up",
)
def active_contacts(as_of: date) -> Statement:
    return count_per_account(
        _with_contacts(as_of),
        feed=Engagement.objects.known_by(as_of),
        count=Count("contact_id", distinct=True),
    )


@metric(
    "engagement.committee_roles",
    label="Committee roles engaged",
    unit="roles",
    category=Category.ENGAGEMENT,
    formula="Distinct committee roles among the active contacts; users and blockers don't count.",
    inputs=("engagements", "contacts", "engagement.active_contacts"),
    direction="up",
    component=Component(
        group="relationship",
        curve=((0, 10), (1, 50), (3, 90), (4, 100)),
        fresh_days=2,
        why="One role is single-threaded: when that person leaves, so does the account. Three of them carry a "
        "renewal.",
    ),
)
def committee_roles(as_of: date) -> Statement:
    return count_per_account(
        _with_contacts(as_of).exclude(contact__role__in=NOT_COMMITTEE),
        feed=Engagement.objects.known_by(as_of),
        count=Count("contact__role", distinct=True),
    )


@metric(
    "engagement.committee_coverage",
    label="Committee coverage",
    unit="ratio",
    category=Category.ENGAGEMENT,
    formula="Of the roles that a buying committee needs (economic buyer, champion, technical evaluator, executive "
    "sponsor), the share that took part in a touch in the 90 days that end with the day.",
    inputs=("engagements", "contacts", "engagement.committee_roles"),
    direction="up",
    component=Component(
        group="relationship",
        curve=((0, 10), (0.25, 45), (0.5, 70), (0.75, 90), (1, 100)),
        fresh_days=2,
        why="One role is single-threaded: when that person leaves, so does the account. Three of four carry a "
        "renewal.",
    ),
)
def committee_coverage(as_of: date) -> Statement:
    engaged = Cast(Count("contact__role", distinct=True), NUMBER)
    return count_per_account(
        _with_contacts(as_of).filter(contact__role__in=REQUIRED_ROLES),
        feed=Engagement.objects.known_by(as_of),
        count=engaged / Value(len(REQUIRED_ROLES)),
    )


@metric(
    "engagement.open_opportunities",
    label="Open opportunities",
    unit="opportunities",
    category=Category.ENGAGEMENT,
    formula="Opportunities opened by the day and neither won nor lost by its end.",
    inputs=("opportunities",),
    direction="up",
)
def open_opportunities(as_of: date) -> Statement:
    return count_per_account(
        Opportunity.objects.open_on(as_of), feed=Opportunity.objects.live().filter(opened_on__lte=as_of)
    )


@metric(
    "engagement.renewals_won_90d",
    label="Renewals won in 90 days",
    unit="renewals",
    category=Category.ENGAGEMENT,
    formula="Opportunities of the kind renewal that were won in the 90 days that end with the day.",
    inputs=("opportunities",),
    direction="up",
)
def renewals_won_90d(as_of: date) -> Statement:
    won = Opportunity.objects.decided_between(as_of - timedelta(days=89), as_of)
    return count_per_account(
        won.filter(is_won=True, kind=DealKind.RENEWAL),
        feed=Opportunity.objects.live().filter(opened_on__lte=as_of),
    )


@rollup(ROLLUP, label="Scores of points with their parts", depends_on=lambda: sorted(fields_read()))
def scores(as_of: date, first: int, last: int) -> int:
    """Count the points of every account by the published models."""
    return store_scores(as_of, first, last)


def _breakdown(kind: ScoreKind) -> Breakdown:
    return Breakdown(template="engagement/_score_how.html", load=partial(how, kind))


@metric(
    "engagement.fit_score",
    label="Fit",
    unit="points",
    category=Category.ACCOUNT_PROFILE,
    formula="The sum of the points of the fit model's rules that the account meets, within 0 and 100.",
    inputs=("accounts",),
    depends_on=(ROLLUP,),
    direction="up",
    breakdown=_breakdown(ScoreKind.FIT),
    standing="fit_score",
)
def fit_score(as_of: date) -> QuerySet[Any, Any]:
    return _scores(as_of, ScoreKind.FIT)


@metric(
    "engagement.engagement_score",
    label="Engagement score",
    unit="points",
    category=Category.ENGAGEMENT,
    formula="The sum of the points of what happened, each counting half as much with every half-life that passed, "
    "within 0 and 100.",
    inputs=("engagements", "opportunities"),
    depends_on=(ROLLUP,),
    direction="up",
    breakdown=_breakdown(ScoreKind.ENGAGEMENT),
    standing="engagement_score",
)
def engagement_score(as_of: date) -> QuerySet[Any, Any]:
    return _scores(as_of, ScoreKind.ENGAGEMENT)


@metric(
    "engagement.intent_score",
    label="Intent",
    unit="points",
    category=Category.ENGAGEMENT,
    formula="The sum of the points of the signs that they may buy, each counting half as much with every half-life "
    "that passed, within 0 and 100.",
    inputs=("engagements", "opportunities"),
    depends_on=(ROLLUP,),
    direction="up",
    breakdown=_breakdown(ScoreKind.INTENT),
    standing="intent_score",
)
def intent_score(as_of: date) -> QuerySet[Any, Any]:
    return _scores(as_of, ScoreKind.INTENT)


def _scores(as_of: date, kind: ScoreKind) -> QuerySet[Any, Any]:
    return AccountScore.objects.filter(as_of=as_of, kind=kind).values("account_id", value=F("score"))


def _touches(as_of: date, value: Any) -> QuerySet[Any, Any]:
    known = Engagement.objects.known_by(as_of).between_people()
    return known.filter(account__deleted_at=None).values("account_id").annotate(value=value)


def _with_contacts(as_of: date) -> QuerySet[Any, Any]:
    recent = Engagement.objects.within(as_of, RECENT_DAYS).between_people()
    return recent.filter(contact__deleted_at=None, contact__isnull=False)
