"""What another ladder would have meant: how often each step would have been reached in the last 90 days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from people.models import User
from support.calendars.hours import ALWAYS, business_minutes
from support.entitlements import ESCALATION
from support.escalations.ladders import Drafts, RungDraft, paths, people_in, told
from support.models import Clock, Escalation
from support.policies.book import calendars_known, known_at
from tiers.entitlements.resolution import entitlements_of

DAYS = 90
# The newest ones tell enough, and a page has to wait for them.
MOST_BREACHES = 20_000


@dataclass(frozen=True, slots=True)
class Reach:
    """One step of a path: how many late clocks would have got so far, out of how many."""

    words: str
    reached: int


@dataclass(frozen=True, slots=True)
class PathPreview:
    """What a path says now and would say, with how often each step is reached."""

    label: str
    breaches: int
    before: Sequence[Reach]
    after: Sequence[Reach]

    @property
    def is_changed(self) -> bool:
        """Whether it says something else."""
        return [one.words for one in self.before] != [one.words for one in self.after]


def preview_ladder(before: Drafts, after: Drafts, *, now: datetime) -> list[PathPreview]:
    """Return for each path how often its steps would have been reached, by how it is and by how it would be.

    Of every clock that was late in the last 90 days counts how long nobody had answered, solved or acknowledged it, in
    the hours by which it ran; accounts go the path that they are entitled to today.
    """
    waits = _waits(now)
    people = people_in(before, after)
    return [
        PathPreview(
            label[:1].upper() + label[1:],
            len(waits.get(path, ())),
            _reach(before.get(path, ()), waits.get(path, ()), people),
            _reach(after.get(path, ()), waits.get(path, ()), people),
        )
        for path, label in paths().items()
    ]


def _reach(rungs: Sequence[RungDraft], waits: Sequence[float], people: Mapping[str, User]) -> list[Reach]:
    found, so_far = [], 0
    for place, one in enumerate(rungs, 1):
        so_far += one.wait_minutes
        found.append(Reach(told(one, place, people), sum(wait >= so_far for wait in waits)))
    return found


def _waits(now: datetime) -> Mapping[str, list[float]]:
    """Return by path for how many minutes each late clock of the last days waited for somebody."""
    taken_up = Escalation.objects.filter(
        ticket=OuterRef("ticket"), metric=OuterRef("metric"), cycle=OuterRef("cycle")
    )
    rows = list(
        Clock.objects.filter(breached_at__gte=now - timedelta(days=DAYS), ticket__deleted_at=None)
        .annotate(
            calendar=F("tenure__calendar"),
            account=F("ticket__account"),
            until=Coalesce(
                Subquery(taken_up.order_by("-began_at").values("acknowledged_at")[:1]), F("ended_at")
            ),
        )
        .order_by("-breached_at")
        .values_list("account", "calendar", "breached_at", "until")[:MOST_BREACHES]
    )
    entitled = entitlements_of({account for account, *_ in rows}, (ESCALATION,))
    known = calendars_known({calendar for _, calendar, *_ in rows} - {None})
    found: dict[str, list[float]] = defaultdict(list)
    for account, calendar, breached_at, until in rows:
        assert breached_at is not None  # By the filter.
        held = ALWAYS if calendar is None else known_at(known[calendar], now)[1]
        end = max(min(until or now, now), breached_at)
        found[entitled[account][ESCALATION].value].append(business_minutes(breached_at, end, held))
    return found
