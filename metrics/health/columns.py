"""What lists and headers show beside the score: how sure it is, how people see the account, what contradicts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import OuterRef, Subquery

from accounts.conditions.query import used_fields
from accounts.lenses import Column, register_column
from accounts.lenses.registry import Chip, Chips, register_chips
from accounts.models import Account
from common.formatting import format_date
from metrics.engine.plan import today
from metrics.health.disagreement import Disagreement, names_of_disagreements, open_to
from metrics.health.fields import sentiment_on
from metrics.health.seen import seen_of
from metrics.models import HealthScore, RefreshRun, Sentiment
from people.access import Access
from people.models import Category, Level

PROFILE = Category.ACCOUNT_PROFILE


def _confidence(access: Access) -> Any:
    held = HealthScore.objects.filter(account=OuterRef("pk"), as_of=OuterRef("standing__as_of"))
    return Subquery(held.order_by().values("confidence")[:1])


def _sentiment(access: Access) -> Any:
    return sentiment_on(today())


def _disagreements(access: Access) -> Any:
    newest = RefreshRun.objects.finished().newest_day()
    return names_of_disagreements(open_to(access) if newest else [], numbers_on=newest)


register_column(
    Column(
        key="metrics.confidence",
        label="Confidence",
        field="health_confidence",
        kind="ratio",
        category=PROFILE,
        level=Level.TOTALS,
        annotation=_confidence,
        help="Share of the score's weight with a value, stale ones by half",
    )
)
register_column(
    Column(
        key="metrics.sentiment",
        label="Sentiment",
        field="sentiment_now",
        kind="number",
        category=PROFILE,
        choices={str(one.value): str(one.label) for one in Sentiment},
        annotation=_sentiment,
        help="How somebody who knows the account sees it, while it is in force",
    )
)
register_column(
    Column(
        key="metrics.disagreements",
        label="Disagreements",
        field="health_disagreements",
        category=PROFILE,
        annotation=_disagreements,
        help="Where judgements contradict each other, of those that you may know of",
    )
)


def _category(one: Disagreement) -> str:
    """Return the category that a disagreement tells of, beside the score's own."""
    fields = used_fields([one.parsed]).values()
    return next((field.category for field in fields if field.category != PROFILE), PROFILE)


def _chips(account: Account, day: date) -> Sequence[Chip]:
    seen = seen_of(account, day)
    found = [
        Chip(
            text=one.label,
            tone="amber",
            category=_category(one),
            title=f"{one.told} {one.remedy}",
            why_closed=one.why_closed,
        )
        for one in seen.shows
    ]
    if seen.said is not None:
        said = seen.said
        found.insert(
            0,
            Chip(
                text=f"Seen as {str(said.sentiment.label).lower()}",
                tone=said.tone,
                category=PROFILE,
                title=f"{said.author}, until {format_date(said.expires_on)}: {said.reason}",
            ),
        )
    return found


register_chips(Chips(key="metrics.seen", query=_chips))
