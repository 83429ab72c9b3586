"""Reads of stored numbers and of the refreshes that made them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from common.versions.models import VersionQuerySet

if TYPE_CHECKING:
    from metrics.models import (
        AccountSentiment,
        HealthModel,
        HealthScore,
        MetricValue,
        RefreshRun,
        RefreshStep,
        ScoreTarget,
        SegmentValue,
    )


class MetricValueQuerySet(QuerySet["MetricValue"]):
    def of(self, account_id: int, key: str) -> Self:
        """One number of one account, oldest day first."""
        return self.filter(account_id=account_id, key=key).order_by("as_of")

    def on(self, as_of: date) -> Self:
        """Every number of one day."""
        return self.filter(as_of=as_of)

    def between(self, first: date, last: date) -> Self:
        """Numbers of the days ``first`` to ``last``, both included."""
        return self.filter(as_of__range=(first, last))


class SegmentValueQuerySet(QuerySet["SegmentValue"]):
    def of(self, key: str, dimension: str = "all", member: str = "") -> Self:
        """One number of one segment, oldest day first."""
        return self.filter(key=key, dimension=dimension, member=member).order_by("as_of")

    def between(self, first: date, last: date) -> Self:
        """Numbers of the days ``first`` to ``last``, both included."""
        return self.filter(as_of__range=(first, last))


class HealthScoreQuerySet(QuerySet["HealthScore"]):
    def of(self, account_id: int) -> Self:
        """Scores of one account, oldest day first."""
        return self.filter(account_id=account_id).order_by("as_of")

    def with_parts(self) -> Self:
        """Scores with ``parts``: the components of their model as data, which say what the stored inputs are.

        ``held_by`` are the conditions of the limit that held, if any.
        """
        from metrics.models import HealthComponent, HealthLimit  # the models are made of these querysets

        held = HealthComponent.objects.filter(model=OuterRef("model")).order_by("position")
        columns = ("position", "key", "label", "group", "weight")
        data = JSONObject(**{name: name for name in columns})
        limits = HealthLimit.objects.filter(model=OuterRef("model"), label=OuterRef("limit"))
        asked = limits.order_by("position").values(data=JSONObject(condition="condition"))
        return self.select_related("model").annotate(
            parts=ArraySubquery(held.values(data=data)), held_by=ArraySubquery(asked)
        )


class RefreshRunQuerySet(QuerySet["RefreshRun"]):
    def open(self) -> Self:
        """Runs that still have work, in the order in which they are worked off."""
        return self.filter(state="running").order_by("pk")

    def finished(self) -> Self:
        """Runs that have been through, newest first; of one that has, a step may be made again right now."""
        return self.exclude(state="running", finished_at=None).order_by("-pk")

    def newest_day(self, until: date | None = None) -> date | None:
        """Return the newest day among these runs, not after ``until`` where it is given.

        On ``finished()`` runs it is the newest day with numbers.
        """
        found = self if until is None else self.filter(as_of__lte=until)
        day: date | None = found.order_by().aggregate(day=Max("as_of"))["day"]
        return day

    def is_newest(self, as_of: date) -> bool:
        """Return whether no later day has been made yet: what stands for "now" may follow ``as_of``."""
        return not self.finished().filter(as_of__gt=as_of).exists()


class RefreshStepQuerySet(QuerySet["RefreshStep"]):
    def queued(self) -> Self:
        """Steps that nobody has finished; another worker may be at them."""
        return self.filter(state="queued")

    def failed(self) -> Self:
        """Steps that ended with an error."""
        return self.filter(state="failed")

    def waiting_before(self, step: RefreshStep) -> Self:
        """Waiting steps of the same run in an earlier wave than ``step``."""
        return self.queued().filter(run_id=step.run_id, wave__lt=step.wave)

    def next_of(self, run_id: int) -> Self:
        """The waiting steps of the run's lowest unfinished wave, in order.

        A wave is complete only when none of its steps is queued, so a step another worker holds keeps
        the next wave shut: its rows are not committed yet.
        """
        waiting = self.queued().filter(run_id=run_id)
        lowest = waiting.order_by().values("run_id").annotate(lowest=Min("wave")).values("lowest")
        return waiting.filter(wave=lowest[:1]).order_by("wave", "pk")


class HealthModelQuerySet(VersionQuerySet["HealthModel"]):
    def of_tier(self, slug: str | None) -> Self:
        """Versions of one tier's own model, or of the one for every account."""
        return self.filter(tier__slug=slug) if slug else self.filter(tier=None, segment="")

    def of_segment(self, name: str) -> Self:
        """Versions of one segment's own model."""
        return self.filter(segment=name)

    def in_force_before(self, moment: datetime) -> Self:
        """Versions that were in force right before a moment; one of a series."""
        return self.filter(
            Q(published_at__lt=moment) | Q(published_at=None), Q(retired_at__gte=moment) | Q(retired_at=None)
        )

    def came_with_it(self, moment: datetime) -> Self:
        """Versions that nobody published until a moment, but for those that nobody replaced or retired until then.

        What an update replaces later came with it all the same.
        """
        return self.filter(
            Q(published_at__lt=moment) | Q(published_at=None),
            Q(retired_at=None) | Q(retired_at__gte=moment) | Q(retired_by__isnull=False),
            published_by=None,
        )


class SentimentQuerySet(QuerySet["AccountSentiment"]):
    def in_force(self, day: date) -> Self:
        """What holds on a day: begun, not expired, and neither replaced nor taken back; one an account."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=day), starts_on__lte=day, expires_on__gt=day)

    def of(self, account_id: int, until: date) -> Self:
        """Everything said of an account by a day, the newest first, with its authors."""
        said = self.filter(account_id=account_id, starts_on__lte=until)
        return said.select_related("author", "ended_by").order_by("-starts_on", "-pk")


class ScoreTargetQuerySet(QuerySet["ScoreTarget"]):
    def on(self, day: date) -> Self:
        """The target of each line and segment that holds on a day: the newest that has begun."""
        order = ("line", "dimension", "member")
        return self.filter(starts_on__lte=day).order_by(*order, "-starts_on").distinct(*order)
