"""Numbers of what customers say of us, and of the touches that matter most; ``engagement.metrics`` declares them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import F, Max, QuerySet, Value

from engagement.models import Engagement, Kind, NpsResponse, Opportunity
from metrics.expressions import DaysBetween, utc_day
from metrics.registry import Component, Definition, metric
from metrics.segments import segment_ratio
from metrics.statements import Statement, load
from people.models import Category

NPS_DAYS = 365
FEWEST_ANSWERS = 5
QUARTER_DAYS = 91
NPS = (
    "The share of 9 and 10 less the share of 0 to 6, in points from -100 to 100, over the newest answer of each "
    "respondent in the 365 days that end with the day. Contact or address tell respondents apart."
)


@metric(
    "engagement.nps",
    label="NPS",
    unit="points",
    category=Category.ENGAGEMENT,
    formula=f"{NPS} Not defined below {FEWEST_ANSWERS} respondents of the account itself: fewer could be told apart, "
    "and chance would decide. Their answers count in the NPS of the account's segment all the same.",
    inputs=("nps-responses", "contacts"),
    direction="up",
    component=Component(
        group="relationship",
        curve=((-50, 0), (0, 40), (30, 65), (50, 85), (80, 100)),
        fresh_days=60,
        why="The target is 50; at zero as many would warn others as would recommend us. Answers hold for a "
        "season.",
    ),
)
def nps(as_of: date) -> Statement:
    return load("engagement", "nps", newest=_newest(as_of), fewest=FEWEST_ANSWERS)


@metric(
    "engagement.nps_respondents",
    label="NPS respondents",
    unit="respondents",
    category=Category.ENGAGEMENT,
    formula="How many people answered in the 365 days that end with the day: what NPS rests on.",
    inputs=("nps-responses", "contacts"),
    direction="up",
)
def nps_respondents(as_of: date) -> Statement:
    return load("engagement", "nps_respondents", newest=_newest(as_of))


@segment_ratio(
    Definition(
        key="engagement.nps",
        label="NPS",
        unit="points",
        category=Category.ENGAGEMENT,
        formula=f"{NPS} Each respondent of the segment's accounts counts once, whatever the account's own number of "
        f"respondents; not defined below {FEWEST_ANSWERS} of the segment. Accounts count in the tier they have on "
        "the day.",
        inputs=("nps-responses", "contacts"),
        direction="up",
        parts="points",
        whole="respondents",
    ),
    label="NPS, by segment",
    fewest=FEWEST_ANSWERS,
    hides_few=True,
)
def nps_by_segment(as_of: date) -> Statement:
    return load("engagement", "nps_parts", newest=_newest(as_of))


def _newest(as_of: date) -> Statement:
    since = as_of - timedelta(days=NPS_DAYS)
    answers: QuerySet[Any, Any] = NpsResponse.objects.scored_within(since, as_of).order_by()
    columns = ("account_id", "score", "scored_at", "id", "respondent_id", "respondent_email")
    return load("engagement", "nps_answers", answers=answers.values(*columns))


@metric(
    "engagement.days_since_business_review",
    label="Days since last business review",
    unit="days",
    category=Category.ENGAGEMENT,
    formula="Days from the last engagement of the kind business review to the day. Not defined where there was none.",
    inputs=("engagements",),
    direction="down",
    component=Component(
        group="relationship",
        curve=((0, 100), (35, 100), (95, 75), (185, 30), (365, 0)),
        fresh_days=7,
        why="Reviews are monthly for pods and quarterly at the least; after half a year value is asserted, not "
        "shown.",
    ),
)
def days_since_business_review(as_of: date) -> QuerySet[Any, Any]:
    return _days_since(as_of, Engagement.objects.known_by(as_of).filter(kind=Kind.BUSINESS_REVIEW))


@metric(
    "engagement.days_since_sponsor_touch",
    label="Days since the sponsor's last touch",
    unit="days",
    category=Category.ENGAGEMENT,
    formula="Days from the last call, e-mail, meeting, event or business review in which our sponsor of the account "
    "took part to the day, by the sponsor that the account has now. Not defined without a sponsor or such a touch.",
    inputs=("engagements", "accounts"),
    direction="down",
    component=Component(
        group="relationship",
        curve=((0, 100), (30, 100), (90, 75), (180, 25), (270, 0)),
        fresh_days=7,
        why="The target is a touch of the sponsor each quarter; missed twice in a row, there is a sponsor in name "
        "only.",
    ),
)
def days_since_sponsor_touch(as_of: date) -> QuerySet[Any, Any]:
    touches = Engagement.objects.known_by(as_of).between_people().exclude(user_email="")
    return _days_since(as_of, touches.filter(user_email=F("account__sponsor_email")))


def _days_since(as_of: date, touches: QuerySet[Engagement]) -> QuerySet[Any, Any]:
    since = DaysBetween(Value(as_of), Max(utc_day("occurred_at")))
    of_accounts = touches.filter(account__deleted_at=None).values("account_id")
    newest: QuerySet[Any, Any] = of_accounts.annotate(value=since)
    return newest


@segment_ratio(
    Definition(
        key="engagement.sponsor_touched",
        label="Sponsor engaged in the quarter",
        unit="ratio",
        category=Category.ENGAGEMENT,
        formula=f"Customers whose sponsor took part in a touch in the {QUARTER_DAYS} days that end with the day, "
        "divided by all that have a sponsor and ARR above zero. Those without a sponsor are left out. By the sponsor "
        "that the account has now. Accounts count in the tier they have on the day.",
        inputs=("engagement.days_since_sponsor_touch", "engagements", "accounts"),
        direction="up",
        parts="accounts",
    ),
    label="Sponsor engagement, by segment",
    depends_on=("engagement.days_since_sponsor_touch", "finance.arr"),
)
def sponsor_touched(as_of: date) -> Statement:
    feed = Engagement.objects.known_by(as_of).order_by().values("pk")
    return load("engagement", "sponsor_parts", day=as_of, days=QUARTER_DAYS, feed=feed)


@segment_ratio(
    Definition(
        key="engagement.contacts_per_opportunity",
        label="Contacts per opportunity",
        unit="contacts",
        category=Category.ENGAGEMENT,
        formula="Contacts who take part in the opportunities open on the day, divided by these opportunities. By who "
        "takes part in them now. Accounts count in the tier they have on the day.",
        inputs=("opportunities", "contacts"),
        direction="up",
        parts="contacts",
        whole="opportunities",
    ),
    label="Contacts per opportunity, by segment",
)
def contacts_per_opportunity(as_of: date) -> Statement:
    deals = Opportunity.objects.open_on(as_of).order_by().values("account_id", "contacts")
    return load("engagement", "deal_contacts_parts", deals=deals)
