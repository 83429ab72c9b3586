"""How often each text is asked for and allowed, and which fallback might as well be pre-approved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Extract
from django.utils import timezone

from common.export import Table, table_of
from common.formatting import format_count
from finance.clauses.library import Standard, read_library
from finance.clauses.querysets import DEVIATION
from finance.models import Deviation
from people.approvals.models import ApprovalRequest

PERIOD = timedelta(days=365)
# From so many decisions on, and from this share of approvals on, a fallback might as well be pre-approved.
ENOUGH = 5
OFTEN = 0.8
OWN = "Own wording"


class Median(Aggregate):
    """The middle of the values."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How often one text was asked for, by accounts of one tier or of all; ``hours`` is the median to a decision."""

    family: str
    label: str
    text: str
    tier: str = ""
    asked: int = 0
    at_once: int = 0
    approved: int = 0
    rejected: int = 0
    waiting: int = 0
    hours: float | None = None

    @property
    def decided(self) -> int:
        """How often people decided."""
        return self.approved + self.rejected

    @property
    def share(self) -> float | None:
        """The share of decisions that were approvals; None where nobody decided."""
        return self.approved / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A fallback that is approved so often for a tier that it might be pre-approved there."""

    use: Use
    tier: str

    @property
    def sentence(self) -> str:
        """The suggestion with its numbers."""
        use = self.use
        within = "" if use.hours is None else f", after {_hours(use.hours)} in the middle case"
        return (
            f"“{use.text}” of {use.label} was approved {use.approved} times out of {use.decided} for {self.tier}"
            f"{within}: pre-approve it there?"
        )


@dataclass(frozen=True)
class Statistics:
    """Uses of texts in a period: of families and of texts over all tiers, and of texts by tier."""

    since: datetime
    families: list[Use]
    texts: list[Use]
    by_tier: list[Use]
    suggestions: list[Suggestion] = field(default_factory=list)


def statistics(tiers: Mapping[str, str], *, now: datetime | None = None) -> Statistics:
    """Return how the library was used in the last twelve months; five queries. ``tiers`` are names by slug."""
    since = (now or timezone.now()) - PERIOD
    asked = _asked(since)
    library = read_library()
    by_tier = _uses(asked, library, "tier")
    return Statistics(
        since=since,
        families=_uses(asked, library, by_text=False),
        texts=_uses(asked, library),
        by_tier=by_tier,
        suggestions=_suggestions(by_tier, library, tiers),
    )


def statistics_table(uses: Iterable[Use], name: str, tiers: Mapping[str, str]) -> Table:
    """Return uses as a file."""
    return table_of(
        name,
        uses,
        (
            ("clause", "Clause", lambda use: use.label),
            ("text", "Text", lambda use: use.text),
            ("tier", "Tier when asked", lambda use: tiers.get(use.tier, use.tier)),
            ("asked", "Asked", lambda use: use.asked),
            ("at_once", "Granted at once", lambda use: use.at_once),
            ("approved", "Approved", lambda use: use.approved),
            ("rejected", "Rejected", lambda use: use.rejected),
            ("waiting", "Waiting", lambda use: use.waiting),
            ("median_hours", "Median hours to a decision", lambda use: use.hours),
        ),
    )


def _hours(hours: float) -> str:
    return "less than an hour" if hours < 1 else format_count(round(hours), "hour")


def _asked(since: datetime) -> QuerySet[Any, Any]:
    """Return the deviations of a period with what people decided of them, and after how many hours."""
    request = ApprovalRequest.objects.filter(kind=DEVIATION, subject_id=OuterRef("pk")).order_by("-pk")
    found: QuerySet[Any, Any] = Deviation.objects.filter(asked_at__gte=since).order_by()
    annotated: QuerySet[Any, Any] = found.annotate(
        outcome=Subquery(request.values("state")[:1]),
        closed_at=Subquery(request.values("closed_at")[:1]),
        text_key=F("text__key"),
    )
    return annotated


def _uses(
    asked: QuerySet[Any, Any], library: Mapping[str, Standard], *more: str, by_text: bool = True
) -> list[Use]:
    columns = ["family__key", "family__label", "family__position", *(["text_key"] if by_text else []), *more]
    is_decided = Q(outcome__in=("approved", "rejected"))
    rows = asked.values(*columns).annotate(
        asked=Count("pk"),
        at_once=Count("pk", filter=Q(by_rule=True)),
        approved=Count("pk", filter=Q(outcome="approved")),
        rejected=Count("pk", filter=Q(outcome="rejected")),
        waiting=Count("pk", filter=Q(state="waiting")),
        seconds=Median(Extract(F("closed_at") - F("asked_at"), "epoch"), filter=is_decided),
    )
    labels = {
        (family, text.key): text.label for family, standard in library.items() for text in standard.texts
    }
    return [
        Use(
            family=row["family__key"],
            label=row["family__label"],
            text=_text_label(row, labels) if by_text else "",
            tier=row.get("tier", ""),
            hours=None if row["seconds"] is None else max(row["seconds"], 0) / 3600,
            **{name: row[name] for name in ("asked", "at_once", "approved", "rejected", "waiting")},
        )
        for row in sorted(
            rows, key=lambda row: (row["family__position"], row["family__label"], -row["asked"])
        )
    ]


def _text_label(row: Mapping[str, Any], labels: Mapping[tuple[str, str], str]) -> str:
    if row["text_key"] is None:
        return OWN
    return labels.get((row["family__key"], row["text_key"]), row["text_key"])


def _suggestions(
    by_tier: Iterable[Use], library: Mapping[str, Standard], tiers: Mapping[str, str]
) -> list[Suggestion]:
    open_to: dict[tuple[str, str], set[str]] = defaultdict(set)
    known = set()
    for family, standard in library.items():
        for text in standard.texts:
            known.add((family, text.label))
            open_to[family, text.label] |= set(text.tiers)
    return [
        Suggestion(use, tiers.get(use.tier, use.tier))
        for use in by_tier
        if (use.family, use.text) in known
        and use.tier
        and use.tier not in open_to[use.family, use.text]
        and use.decided >= ENOUGH
        and (use.share or 0) >= OFTEN
    ]
