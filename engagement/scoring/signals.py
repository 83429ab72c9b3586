"""What point models can count: things that happened to an account, each with its day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from common.periods import end_of
from engagement.models import DealKind, Direction, Engagement, Kind, Opportunity
from metrics.expressions import utc_day


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One kind of happening; ``query`` gives ``(account_id, on)`` rows of the days ``first`` to ``last``.

    ``inputs`` are the resources that it is read from.
    """

    key: str
    label: str
    group: str
    inputs: tuple[str, ...]
    query: Callable[[date, date], QuerySet[Any, Any]]


def _touches(meaning: Q) -> Callable[[date, date], QuerySet[Any, Any]]:
    def query(first: date, last: date) -> QuerySet[Any, Any]:
        within = Engagement.objects.live().filter(
            meaning, occurred_at__gte=end_of(first - timedelta(days=1)), occurred_at__lt=end_of(last)
        )
        return within.annotate(on=utc_day("occurred_at")).values("account_id", "on")

    return query


def _deals(meaning: Q) -> Callable[[date, date], QuerySet[Any, Any]]:
    def query(first: date, last: date) -> QuerySet[Any, Any]:
        # One whose opening nobody told counts from the day we heard of it.
        opened = Opportunity.objects.live().filter(meaning)
        return (
            opened.annotate(on=Coalesce(F("opened_on"), utc_day("created_at")))
            .filter(on__range=(first, last))
            .values("account_id", "on")
        )

    return query


def _touch(key: str, label: str, meaning: Q, group: str = "Touches") -> Signal:
    return Signal(key=key, label=label, group=group, inputs=("engagements",), query=_touches(meaning))


def _deal(kind: DealKind) -> Signal:
    label = f"Opportunity opened: {kind.label.lower()}"
    key = f"opportunity.{kind.value}"
    return Signal(
        key=key, label=label, group="Opportunities", inputs=("opportunities",), query=_deals(Q(kind=kind))
    )


_INBOUND = Q(direction=Direction.INBOUND)
SIGNALS: dict[str, Signal] = {
    signal.key: signal
    for signal in (
        _touch("meeting", "Meeting", Q(kind__in=(Kind.MEETING, Kind.BUSINESS_REVIEW))),
        _touch("event", "Took part in an event", Q(kind=Kind.EVENT)),
        _touch("call.inbound", "Call from the customer", Q(kind=Kind.CALL) & _INBOUND),
        _touch("call.outbound", "Call from us", Q(kind=Kind.CALL) & ~_INBOUND),
        _touch("email.inbound", "E-mail from the customer", Q(kind=Kind.EMAIL) & _INBOUND),
        _touch("email.outbound", "E-mail from us", Q(kind=Kind.EMAIL) & ~_INBOUND),
        _touch("web", "Visit to the website", Q(kind=Kind.WEB), "Website"),
        _touch(
            "web.pricing",
            "Visit that mentions prices",
            Q(kind=Kind.WEB, subject__icontains="pricing"),
            "Website",
        ),
        _touch(
            "web.download",
            "Download from the website",
            Q(kind=Kind.WEB, subject__icontains="download"),
            "Website",
        ),
        *(_deal(kind) for kind in DealKind),
    )
}
