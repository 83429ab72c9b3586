"""Tell RevOps what has gone wrong with a night: once for each cause, while it lasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from common.formatting import format_date
from common.periods import end_of
from metrics.engine.plan import today
from metrics.engine.progress import progress_of
from metrics.models import NightAlert, NightFigure, NumberMute, RefreshRun, RefreshStep
from metrics.nights.bands import NIGHTS, Band, band_of
from metrics.nights.deadline import due_at, is_finished
from metrics.nights.failures import is_root, message_of
from metrics.nights.telling import told_apart
from metrics.querysets import RefreshRunQuerySet
from metrics.registry import Metric, all_items, dependencies_of, metrics
from people.functions import Function
from people.models import RESERVED, Notice, User
from people.notices.services import notify, withdraw_notices

TOPIC = "nights"
Kind = NightAlert.Kind
Measure = NightAlert.Measure
# A beat that was away for long finds many; the next one goes on.
AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong with a night."""

    kind: str
    key: str
    text: str
    measure: str = ""
    value: Decimal | None = None
    band: Band | None = None
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What a number was on a night and on those before it."""

    value: Decimal
    band: Band | None


def judge_nights() -> int:
    """Look at nights that are late and at refreshes that ended since; return how many alerts were opened.

    Repeating it changes nothing. Two at once share the work.
    """
    opened = _judge_late(timezone.now())
    waiting = _ended().filter(judged_at=None).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)[:AT_ONCE]):
        opened += judge_run(pk)
    return opened


@transaction.atomic
def judge_run(pk: int) -> int:
    """Open and close the alerts that follow from one refresh; return how many were opened.

    What failed is told of any day, what lies beyond its band only of the newest night.
    """
    held = _ended().filter(pk=pk, judged_at=None).select_for_update(skip_locked=True)
    run = held.first()
    if run is None:
        return 0
    states: dict[str, set[str]] = defaultdict(set)
    errors: dict[str, str] = {}
    for key, state, error in run.steps.order_by("pk").values_list("key", "state", "error"):
        states[key].add(state)
        if state == RefreshStep.State.FAILED and is_root(error):
            errors.setdefault(key, error)
    failed = {key for key, found in states.items() if RefreshStep.State.FAILED in found}
    opened = _keep(
        run,
        [Finding(kind=Kind.FAILED, key=key, text=_failed(run, key, error)) for key, error in errors.items()],
        over=lasting(Kind.FAILED, states.keys() - failed, until=run.as_of),
    )
    if _is_newest_night(run):
        opened += _judge_bands(run, failed)
    RefreshRun.objects.filter(pk=run.pk).update(judged_at=Now())
    return opened


def pasts_of(night: date, keys: Iterable[str]) -> dict[tuple[str, str], Past]:
    """Return each number of a night by (key, measure), with the band of the up to 28 nights before; one query."""
    rows = NightFigure.objects.filter(
        key__in=list(keys), as_of__range=(night - timedelta(days=NIGHTS), night)
    ).order_by("as_of")
    before: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    on_the_night: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        for measure, value in measures_of(row).items():
            if row.as_of == night:
                on_the_night[row.key, measure] = value
            else:
                before[row.key, measure].append(value)
    return {place: Past(value, band_of(before[place])) for place, value in on_the_night.items()}


def measures_of(figure: NightFigure) -> dict[str, Decimal]:
    """Return what is watched of a number: how many accounts have it, and its mean where any has."""
    found: dict[str, Decimal] = {Measure.ACCOUNTS.value: Decimal(figure.accounts)}
    if figure.mean is not None:
        found[Measure.MEAN.value] = figure.mean
    return found


def lasting(kind: str, keys: Iterable[str], *, until: date) -> list[NightAlert]:
    """Return the open alerts of some keys that a day not before ``until`` may end."""
    return list(NightAlert.objects.lasting().filter(kind=kind, key__in=list(keys), last_on__lte=until))


def _judge_bands(run: RefreshRun, failed: set[str]) -> int:
    keys = [metric.key for metric in metrics if metric.key not in failed]
    pasts = pasts_of(run.as_of, keys)
    beyond = {
        place: past
        for place, past in pasts.items()
        if past.band is not None and not past.band.holds(past.value)
    }
    moved = {key for key, _ in beyond}
    found = [
        Finding(
            kind=Kind.BAND,
            key=key,
            measure=measure,
            text=_moved(run.as_of, metrics[key], measure, past),
            value=past.value,
            band=past.band,
            follows=_follows(key, moved),
        )
        for (key, measure), past in sorted(beyond.items())
    ]
    over = [
        alert
        for alert in lasting(Kind.BAND, keys, until=run.as_of)
        if (alert.key, alert.measure) in pasts and (alert.key, alert.measure) not in beyond
    ]
    return _keep(run, found, over=over)


def _keep(run: RefreshRun, found: list[Finding], *, over: list[NightAlert]) -> int:
    """Open alerts for what is new, let those that last go on, close those that are over; return how many are told."""
    close_alerts(over)
    muted = _muted(run.as_of)
    held = []
    for one in found:
        alert, _ = NightAlert.objects.lasting().get_or_create(
            kind=one.kind,
            key=one.key,
            measure=one.measure,
            closed_at=None,
            defaults={
                "first_on": run.as_of,
                "last_on": run.as_of,
                "text": one.text[:500],
                "is_muted": one.kind == Kind.BAND and one.key in muted,
            },
        )
        if run.as_of >= alert.last_on:
            alert.last_on, alert.text, alert.value = run.as_of, one.text[:500], one.value
            alert.low = one.band.low if one.band else None
            alert.high = one.band.high if one.band else None
            # A mute may have run out since, or have been set.
            alert.is_muted = one.kind == Kind.BAND and one.key in muted
            alert.save(update_fields=("last_on", "text", "value", "low", "high", "is_muted"))
        # What follows from another number that moved has the same cause, of which one message tells.
        if not alert.is_muted and not one.follows and alert.acknowledged_at is None:
            held.append(alert)
    opened = _untold(held)
    tell(opened)
    return len(opened)


def _untold(alerts: list[NightAlert]) -> list[NightAlert]:
    """Return the alerts of which nobody was told: new ones, and those that were muted or followed another until now."""
    notices = Notice.objects.filter(about__in=[alert.about for alert in alerts])
    told = set(notices.values_list("about", flat=True))
    return [alert for alert in alerts if alert.about not in told]


def close_alerts(over: Iterable[NightAlert]) -> None:
    """End alerts whose cause is gone; what wasn't sent of them isn't sent any more."""
    ended = list(over)
    NightAlert.objects.filter(pk__in=[alert.pk for alert in ended]).update(closed_at=Now())
    withdraw_notices(about=[alert.about for alert in ended])


def tell(alerts: Iterable[NightAlert]) -> None:
    """Have RevOps told of alerts, each once."""
    revops = list(User.objects.filter(function=Function.REVOPS, is_active=True))
    for alert in alerts:
        notify(
            to=revops,
            topic=TOPIC,
            about=alert.about,
            event="opened",
            text=alert.text,
            url=reverse("metrics:night_alert", args=[alert.pk]),
        )


@transaction.atomic
def _judge_late(now: datetime) -> int:
    newest = today() - timedelta(days=1)
    open_late = NightAlert.objects.lasting().filter(kind=Kind.LATE).select_for_update()
    close_alerts(alert for alert in open_late if is_finished(alert.first_on))
    opened = []
    # East of Greenwich a night may be due before the store's next day has begun.
    for night in (newest, newest - timedelta(days=1)):
        is_used = RefreshRun.objects.filter(planned_at__lt=end_of(night)).exists()
        if not is_used or now < due_at(night) or is_finished(night):
            continue
        alert, is_new = NightAlert.objects.get_or_create(
            kind=Kind.LATE,
            key=night.isoformat(),
            defaults={"first_on": night, "last_on": night, "text": _late(night)},
        )
        if is_new:
            opened.append(alert)
        break
    tell(opened)
    return len(opened)


def _late(night: date) -> str:
    due = due_at(night)
    said = f"The night of {format_date(night)} isn’t finished. It was due by {due:%H:%M} ({due.tzinfo})."
    run = RefreshRun.objects.open().filter(as_of=night).first()
    if run is None:
        return f"{said} Nobody planned it: see whether the beat runs."
    steps = progress_of([run.pk])
    ahead = RefreshRun.objects.open().filter(pk__lt=run.pk).count()
    waits = f" {ahead} other refreshes go first." if ahead else ""
    return f"{said} {steps.finished} of {steps.total} steps are done: see whether workers run.{waits}"


def _failed(run: RefreshRun, key: str, error: str) -> str:
    item = all_items().get(key)
    return f"{item.label if item else key} failed for {format_date(run.as_of)}. {message_of(error).text}"


def _moved(night: date, metric: Metric, measure: str, past: Past) -> str:
    assert past.band is not None
    way = "above" if past.value > past.band.high else "below"
    is_count = measure == Measure.ACCOUNTS
    what = "accounts with a value" if is_count else "mean"
    if metric.category in RESERVED and not is_count:
        # RevOps is told of it, and doesn't read what it is.
        return f"{metric.label} on {format_date(night)}: {what} {way} what it was in {past.band.nights} nights before."
    value, low, high = told_apart(past.value, past.band, metric.unit, is_count=is_count)
    return (
        f"{metric.label} on {format_date(night)}: {what} {value}, {way} the usual {low} to {high} of "
        f"{past.band.nights} nights before."
    )


def _follows(key: str, moved: set[str]) -> str:
    """Return a number that moved too and from which this one is made, itself or by others."""
    items = all_items()
    ahead, seen = [key], {key}
    while ahead:
        item = items.get(ahead.pop())
        for one in dependencies_of(item) if item is not None else ():
            if one in moved:
                return one
            if one not in seen:
                seen.add(one)
                ahead.append(one)
    return ""


def _ended() -> RefreshRunQuerySet:
    """Return the refreshes that workers are through with, not those of which a step is made again."""
    return RefreshRun.objects.exclude(state=RefreshRun.State.RUNNING)


def _muted(night: date) -> set[str]:
    return set(NumberMute.objects.filter(ended_at=None, until_on__gte=night).values_list("key", flat=True))


def _is_newest_night(run: RefreshRun) -> bool:
    """Return whether a refresh is of a day that had ended, with none of a later such day."""
    if run.as_of >= today() or run.planned_at < end_of(run.as_of):
        return False
    later = RefreshRun.objects.finished().filter(as_of__gt=run.as_of, as_of__lt=today())
    return not later.exists()
