"""What scores tell of many accounts: fit against intent, and how often deals were won at each level of a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Floor, Least

from accounts.conditions.expression import AllOf, AnyOf, Condition, Leaf
from accounts.conditions.query import matching
from accounts.models import Account
from engagement.models import AccountScore, DealKind, Opportunity, ScoreKind
from people.models import User

# More marks than this are a cloud that nobody reads.
MOST_MARKS = 400
DECILES = 10
# A histogram of scores has bars this wide; the last one holds 100 too.
BAR = 10
# Deals that were decided longer ago say little of today's rules.
DECIDED_DAYS = 730
# A score is made at least once a month; one that is older says nothing of the day on which a deal was opened.
KNOWN_WITHIN_DAYS = 45


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """An account with both scores."""

    account_id: int
    name: str
    fit: Decimal
    intent: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Decile:
    """A tenth of the decided deals by the score before they were opened, the lowest first."""

    place: int
    least: Decimal
    most: Decimal
    deals: int
    won: int

    @property
    def win_rate(self) -> Decimal:
        """Won ÷ decided; 1 is all."""
        return Decimal(self.won) / self.deals


@dataclass(frozen=True, kw_only=True, slots=True)
class WinRates:
    """Win rates by decile; ``unknown`` deals have no score from shortly before they were opened."""

    deciles: Sequence[Decile]
    deals: int
    unknown: int


def newest_scores(as_of: date) -> date | None:
    """Return the newest day up to ``as_of`` of which scores are kept."""
    found: date | None = AccountScore.objects.filter(as_of__lte=as_of).aggregate(day=Max("as_of"))["day"]
    return found


def distribution(kind: ScoreKind, day: date) -> list[int]:
    """Return how many accounts have a stored score of 0 to 9, 10 to 19 … 90 to 100; one query."""
    rows = (
        AccountScore.objects.filter(as_of=day, kind=kind, account__deleted_at=None)
        .annotate(bar=Least(Floor(F("score") / BAR), Value(Decimal(100 // BAR - 1))))
        .values_list("bar")
        .annotate(n=Count("account_id"))
    )
    return bars_of({int(bar): n for bar, n in rows})


def bars_of(counts: Mapping[int, int]) -> list[int]:
    """Return the counts of every bar, the lowest scores first."""
    return [counts.get(bar, 0) for bar in range(100 // BAR)]


def marks_of(
    day: date, lifecycles: Sequence[str], owner: User | None = None, *, as_of: date | None = None
) -> tuple[list[Mark], int]:
    """Return the accounts with the highest fit and intent together, and how many there are; two queries.

    Their lifecycle and owner are today's, or with ``as_of`` those of the end of that day.
    """
    intent = AccountScore.objects.filter(as_of=day, kind=ScoreKind.INTENT, account_id=OuterRef("account_id"))
    found = AccountScore.objects.filter(as_of=day, kind=ScoreKind.FIT, account__deleted_at=None)
    if as_of is None:
        found = found.filter(account__lifecycle__in=lifecycles)
        if owner is not None:
            found = found.filter(account__in=Account.objects.owned_by(owner.email))
    else:
        found = found.filter(account__in=matching(_then(lifecycles, owner), as_of=as_of).values("pk"))
    rows = (
        found.annotate(intent=Subquery(intent.values("score")[:1]))
        .exclude(intent=None)
        .order_by(-(F("score") + F("intent")), "account_id")
        .values_list("account_id", "account__name", "score", "intent")
    )
    marks = [
        Mark(account_id=pk, name=name, fit=fit, intent=wish) for pk, name, fit, wish in rows[:MOST_MARKS]
    ]
    return marks, len(marks) if len(marks) < MOST_MARKS else found.count()


def _then(lifecycles: Sequence[str], owner: User | None) -> Condition:
    """Return what accounts are asked for of a past day."""
    stage = Leaf("accounts.lifecycle", "in", tuple(map(str, lifecycles)))
    if owner is None:
        return stage
    people = [Leaf(field, "eq", owner.email) for field in ("accounts.owner", "accounts.sponsor")]
    return AllOf((stage, AnyOf(tuple(people))))


def win_rates(kind: ScoreKind, first: date, last: date) -> WinRates:
    """Return how often new business decided between two days was won, by decile of the score before it was opened.

    Only scores of days before a deal was opened count: later ones know of the deal itself, and how it ended.
    """
    known = AccountScore.objects.filter(
        kind=kind,
        account_id=OuterRef("account_id"),
        as_of__lt=OuterRef("opened_on"),
        as_of__gte=OuterRef("opened_on") - timedelta(days=KNOWN_WITHIN_DAYS),
    ).order_by("-as_of")
    decided = (
        Opportunity.objects.decided_between(first, last)
        .filter(Q(kind=DealKind.NEW), opened_on__isnull=False)
        .annotate(score=Subquery(known.values("score")[:1]))
        .values_list("score", "is_won")
    )
    rows: list[tuple[Any, bool]] = list(decided)
    scored = sorted((score, won) for score, won in rows if score is not None)
    return WinRates(deciles=deciles_of(scored), deals=len(scored), unknown=len(rows) - len(scored))


def deciles_of(scored: Sequence[tuple[Decimal, bool]]) -> list[Decile]:
    """Cut deals in order of their score into tenths; equal whole points stay together.

    ``scored`` are ``(score, won)`` in order.
    """
    found: list[Decile] = []
    start = 0
    for place in range(1, DECILES + 1):
        end = max(start, round(len(scored) * place / DECILES))
        while 0 < end < len(scored) and round(scored[end][0]) == round(scored[end - 1][0]):
            end += 1
        if end > start:
            part = scored[start:end]
            found.append(
                Decile(
                    place=place,
                    least=part[0][0],
                    most=part[-1][0],
                    deals=len(part),
                    won=sum(won for _, won in part),
                )
            )
        start = end
    return found
