"""How people see an account and what contradicts what, read once a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import JSONObject

from accounts.lenses.figures import figures_of
from accounts.lenses.memo import read_once
from accounts.models import Account
from metrics.engine.plan import today
from metrics.health.disagreement import Disagreement, disagreements
from metrics.models import AccountSentiment, Sentiment
from people.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What somebody says of an account, in force on the day."""

    sentiment: Sentiment
    reason: str
    author: str
    expires_on: date

    @property
    def tone(self) -> Any:
        """The colour that it is shown in, beside its word."""
        return "red" if self.sentiment < 0 else "green" if self.sentiment > 0 else "neutral"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What stands beside the score on a day: what somebody says, and what contradicts what."""

    said: Said | None
    shows: Sequence[Disagreement]

    def open_to(self, access: Access) -> list[Disagreement]:
        """Return the disagreements that a reader may know of."""
        return [one for one in self.shows if not one.why_closed(access)]


def seen_of(account: Account, day: date) -> Seen:
    """Return what stands beside the score of an account on a day; one query a page."""
    return read_once(account, ("metrics.seen", day), lambda: _seen(account, day))


def _seen(account: Account, day: date) -> Seen:
    numbers_on = figures_of(account, None if day == today() else day).day
    held = (
        AccountSentiment.objects.in_force(day)
        .filter(account=OuterRef("pk"))
        .order_by()
        .annotate(
            said=JSONObject(
                value="value",
                reason="reason",
                author="author__name",
                email="author__email",
                expires_on="expires_on",
            )
        )
    )
    asked = list(disagreements) if numbers_on else []
    flags = {
        f"shows_{place}": Exists(
            one.accounts(day, numbers_on).filter(pk=OuterRef("pk")).order_by().values("pk")
        )
        for place, one in enumerate(asked)
    }
    rows = Account.objects.filter(pk=account.pk).order_by()
    row = rows.annotate(said=Subquery(held.values("said")[:1]), **flags).values("said", *flags).first() or {}
    said = row.get("said")
    return Seen(
        said=Said(
            sentiment=Sentiment(said["value"]),
            reason=said["reason"],
            author=said["author"] or said["email"],
            expires_on=date.fromisoformat(said["expires_on"]),
        )
        if said
        else None,
        shows=[one for place, one in enumerate(asked) if row.get(f"shows_{place}")],
    )
