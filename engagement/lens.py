"""What engagement shows of an account: touches, the buying committee, deals, and scores; and marketing's lens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, OuterRef, Subquery, When

from accounts.lenses import Column, Lens, Panel, register_column, register_lens, register_panel
from accounts.models import Account, Contact, ContactRole
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_number
from common.periods import day_label, end_of, weeks_until
from engagement import home as _home  # noqa: F401 - declares the home cards
from engagement.models import AccountScore, DealKind, Direction, Engagement, Kind, Opportunity, ScoreKind
from engagement.querysets import DECIDED, REQUIRED_ROLES
from engagement.scoring.explain import scores_of
from people.access import Access
from people.directory import names_of
from people.functions import Function
from people.models import Category

ENGAGEMENT = Category.ENGAGEMENT
RECENT_DAYS = 90
MOST_CONTACTS = 60
MOST_DEALS = 8
# Open ones and those decided within a year: more of one account are a fault of the source.
MOST_READ = 200
DEAL_FIELDS = ("name", "kind", "stage", "amount", "currency", "close_on", "is_won")
DECIDED_DAYS = 365
TREND_WEEKS = 26
ICONS = {
    "call": "phone",
    "email": "mail",
    "meeting": "users",
    "event": "presentation",
    "web": "world",
    "business_review": "clipboard-list",
}

register_column(
    Column(
        key="engagement.last_touch_on",
        label="Last touch",
        field="standing__last_touch_on",
        kind="date",
        category=ENGAGEMENT,
        explain="engagement.last_touch_on",
        headline=70,
        help="The newest call, e-mail, meeting or event",
    )
)
for kind, name, category, told in (
    (ScoreKind.FIT, "fit_score", Category.ACCOUNT_PROFILE, "How well it suits us, 0 to 100"),
    (ScoreKind.ENGAGEMENT, "engagement_score", ENGAGEMENT, "How much we are in touch, 0 to 100"),
    (ScoreKind.INTENT, "intent_score", ENGAGEMENT, "Whether it is about to buy, 0 to 100"),
):
    register_column(
        Column(
            key=f"engagement.{name}",
            label=kind.label,
            field=f"standing__{name}",
            kind="number",
            category=category,
            explain=f"engagement.{name}",
            help=told,
        )
    )


@register_panel
class Committee(Panel):
    """Which roles of the buying committee are known and were in touch within 90 days."""

    key = "engagement.committee"
    title = "Buying committee"
    explain = "engagement.committee_roles"
    template = "engagement/panels/committee.html"
    category = ENGAGEMENT
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        touches = Engagement.objects.filter(
            contact=OuterRef("pk"), account=account, deleted_at=None, occurred_at__lt=end_of(as_of)
        )
        contacts = list(
            Contact.objects.filter(account=account, deleted_at=None, is_active=True)
            .exclude(role="")
            .annotate(last=Subquery(touches.order_by("-occurred_at").values("occurred_at")[:1]))
            .order_by("role", "name", "pk")
            .values("name", "title", "role", "last")[:MOST_CONTACTS]
        )
        since = as_of - timedelta(days=RECENT_DAYS)
        roles: list[dict[str, Any]] = []
        for role in (*REQUIRED_ROLES, *(role for role in ContactRole if role not in REQUIRED_ROLES)):
            people: list[dict[str, Any]] = [
                {"name": row["name"], "title": row["title"], "last_touch_at": row["last"]}
                for row in contacts
                if row["role"] == role
            ]
            people.sort(key=lambda person: (person["last_touch_at"] is None, str(person["name"])))
            is_engaged = any(p["last_touch_at"] and p["last_touch_at"].date() >= since for p in people)
            if people or role in REQUIRED_ROLES:
                roles.append(
                    {
                        "label": role.label,
                        "is_required": role in REQUIRED_ROLES,
                        "is_engaged": is_engaged,
                        "people": people[:3],
                        "more": max(len(people) - 3, 0),
                    }
                )
        covered = sum(role["is_engaged"] for role in roles if role["is_required"])
        engaged = sum(1 for row in contacts if row["last"] and row["last"].date() >= since)
        return {
            "roles": roles,
            "covered": covered,
            "required": len(REQUIRED_ROLES),
            "is_single_threaded": engaged <= 1,
            "engaged": engaged,
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return a role a row, with the people shown for it."""
        return table_of(
            "buying-committee",
            data["roles"],
            [
                ("role", "Role", lambda row: row["label"]),
                ("is_required", "Required", lambda row: row["is_required"]),
                ("is_engaged", "In touch", lambda row: row["is_engaged"]),
                ("people", "People", lambda row: [person["name"] for person in row["people"]]),
                ("more", "And more", lambda row: row["more"]),
                ("last_touch_at", "Last touch", _last_touch),
            ],
        )


def _last_touch(row: Mapping[str, Any]) -> Any:
    return row["people"][0]["last_touch_at"] if row["people"] else None


@register_panel
class LastTouches(Panel):
    """The newest touches, from us and from the customer."""

    key = "engagement.last_touches"
    title = "Last touches"
    explain = "engagement.last_touch_on"
    template = "engagement/panels/last_touches.html"
    category = ENGAGEMENT
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        touches = (
            Engagement.objects.filter(account=account, deleted_at=None, occurred_at__lt=end_of(as_of))
            .order_by("-occurred_at")
            .values("kind", "direction", "occurred_at", "subject", "user_email", "contact__name")[:8]
        )
        names = names_of(row["user_email"] for row in touches)
        return {
            "touches": [
                {
                    "kind": Kind(row["kind"]).label,
                    "icon": ICONS.get(row["kind"], "message"),
                    "direction": Direction(row["direction"]).label,
                    "at": row["occurred_at"],
                    "subject": row["subject"] or Kind(row["kind"]).label,
                    "who": row["contact__name"] or "",
                    "by": names.get(row["user_email"]) or row["user_email"],
                }
                for row in touches
            ]
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the touches shown."""
        if not data["touches"]:
            return None
        return table_of(
            "touches",
            data["touches"],
            [
                ("at", "When", lambda row: row["at"]),
                ("kind", "Kind", lambda row: row["kind"]),
                ("direction", "Direction", lambda row: row["direction"]),
                ("subject", "Subject", lambda row: row["subject"]),
                ("who", "With", lambda row: row["who"]),
                ("by", "By", lambda row: row["by"]),
            ],
        )


@register_panel
class Opportunities(Panel):
    """The deals still open, soonest to close first, and how the last year's went."""

    key = "engagement.opportunities"
    title = "Opportunities"
    explain = "engagement.open_opportunities"
    template = "engagement/panels/opportunities.html"
    category = ENGAGEMENT
    span = 6
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        deals = Opportunity.objects.filter(account=account)
        since = as_of - timedelta(days=DECIDED_DAYS - 1)
        rows = list(
            (deals.open_on(as_of) | deals.decided_between(since, as_of))
            .soonest_first()
            .values(*DEAL_FIELDS, is_decided=Case(When(DECIDED, then=True), default=False))[:MOST_READ]
        )
        decided = [row["is_won"] for row in rows if row["is_decided"] and row["close_on"] <= as_of]
        waiting = [row for row in rows if not (row["is_decided"] and row["close_on"] <= as_of)]
        return {
            "deals": [_deal(row, as_of, access) for row in waiting[:MOST_DEALS]],
            "has_more": len(waiting) > MOST_DEALS,
            "won": sum(decided),
            "lost": len(decided) - sum(decided),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the deals shown."""
        if not data["deals"]:
            return None
        return table_of(
            "opportunities",
            data["deals"],
            [
                ("name", "Opportunity", lambda row: row["name"]),
                ("kind", "Kind", lambda row: row["kind"]),
                ("stage", "Stage", lambda row: row["stage"]),
                ("close_on", "To close", lambda row: row["close_on"]),
                ("amount", "Amount", lambda row: row["amount"]),
                ("currency", "Currency", lambda row: row["currency"]),
            ],
        )


def _deal(row: dict[str, Any], as_of: date, access: Access) -> dict[str, Any]:
    # A deal decided since has lost the stage and the plan that it had then.
    stage, close_on = ("", None) if row["is_decided"] else (row["stage"], row["close_on"])
    return {
        "name": row["name"],
        "kind": DealKind(row["kind"]).label if row["kind"] else "",
        "stage": stage,
        "close_on": close_on,
        "is_late": close_on is not None and close_on < as_of,
        "amount": access.redact(row["amount"], Category.CONTRACTS),
        "currency": row["currency"] or settings.REPORTING_CURRENCY,
    }


@register_panel
class Scores(Panel):
    """Fit, engagement and intent with the points they are made of."""

    key = "engagement.scores"
    title = "Scores"
    explain = "engagement.fit_score"
    numbers = ("engagement.engagement_score", "engagement.intent_score")
    template = "engagement/panels/scores.html"
    category = Category.ACCOUNT_PROFILE
    span = 6

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        return {
            "scores": [
                {
                    "label": told.label,
                    "metric": told.metric,
                    "score": told.score,
                    "as_of": told.as_of,
                    "version": told.version,
                    "half_life_days": told.half_life_days,
                    "parts": [
                        {"name": part.name, "points": part.points, "times": part.times} for part in told.parts
                    ],
                    "closed": told.closed,
                    "reasons": told.reasons,
                }
                for told in scores_of(account, as_of, access)
            ]
        }


@register_panel
class ScoreTrend(Panel):
    """How the scores went over half a year, by week."""

    key = "engagement.score_trend"
    title = "Scores over time"
    explain = "engagement.engagement_score"
    numbers = ("engagement.fit_score", "engagement.intent_score")
    template = "accounts/panels/chart.html"
    category = ENGAGEMENT
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        weeks = weeks_until(as_of, TREND_WEEKS)
        held: dict[tuple[str, date], Decimal] = {}
        rows = AccountScore.objects.filter(account=account, as_of__range=(weeks[0], as_of)).order_by("as_of")
        for kind, day, score in rows.values_list("kind", "as_of", "score"):
            held[kind, day - timedelta(days=day.weekday())] = score  # the newest of its week
        newest = {kind: held.get((kind, weeks[-1])) for kind in ScoreKind}
        told = [
            f"{kind.label} {format_number(score, 0)}" for kind, score in newest.items() if score is not None
        ]
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="line",
                title=", ".join(told) + " this week" if told else "No score this week",
                categories=[day_label(week) for week in weeks],
                series=[
                    Series(name=kind.label, values=[held.get((kind, week)) for week in weeks])
                    for kind in ScoreKind
                ],
                unit="points",
                category_label="Week of",
                # Of what lies further back, single days are kept, so most weeks of it have no score.
                extra={"min": 0, "max": 100, "connects": True},
                empty="Scores appear after the next nightly refresh.",
            )
        }


register_lens(
    Lens(
        key="marketing",
        label="Marketing",
        order=25,
        functions=(Function.MARKETING,),
        panels=(
            "pods.signals",
            "engagement.scores",
            "engagement.score_trend",
            "engagement.committee",
            "engagement.last_touches",
            "engagement.opportunities",
            "metrics.health_makeup",
            "accounts.lists",
            "accounts.key_facts",
        ),
        columns=(
            "accounts.tier",
            "accounts.lifecycle",
            "engagement.fit_score",
            "engagement.intent_score",
            "accounts.industry",
            "accounts.country",
            "engagement.last_touch_on",
            "accounts.owner",
        ),
        sort="-engagement.last_touch_on",
    )
)
