"""Everything behind one stored number: what it means, what it is made of, how fresh it is, how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Max
from django.urls import reverse

from accounts.models import Account, Tier
from common.charts import Chart, Series
from common.formatting import format_date
from metrics.expressions import EPOCH
from metrics.health.explain import SCORE_AXIS, HealthExplanation, explain_health
from metrics.models import MetricValue, RefreshRun, RefreshStep, SegmentValue
from metrics.registry import SEGMENTS, Breakdown, Definition, metrics, segment_definitions, segment_metrics
from metrics.segments import DIMENSIONS, closed_category
from people.access import Access, Redacted
from sync.freshness.marks import provisional_numbers
from sync.models import Batch
from sync.registry import resources

HEALTH = "metrics.health_score"
HISTORY_DAYS = 400
NO_MEMBER = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """Something the number is made of: another number with its own value, or records of a resource."""

    label: str
    url: str = ""
    value: Any = None
    unit: str = ""
    sources: Sequence[str] = ()
    fresh_at: datetime | None = None
    is_number: bool = False
    provisional: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One day of the history."""

    day: date
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Another segment of the same dimension."""

    label: str
    url: str
    value: Any
    numerator: Decimal | None
    denominator: Decimal | None
    accounts: int
    is_current: bool


@dataclass(kw_only=True, slots=True)
class Explanation:
    """What the page shows; ``value`` is the mark of redaction where the reader may not see it."""

    definition: Definition
    subject: str
    subject_url: str
    as_of: date | None
    value: Any
    unit: str
    currency: str
    is_redacted: bool
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    accounts: int | None = None
    why_empty: str = ""
    refreshed_at: datetime | None = None
    note: str = ""
    provisional: str = ""
    inputs: Sequence[Input] = ()
    history: Sequence[Point] = ()
    chart: Chart | None = None
    members: Sequence[Member] = ()
    dimension: str = ""
    health: HealthExplanation | None = None
    breakdown: Breakdown | None = None
    made_of: Any = None
    parts_currency: str = ""
    params: dict[str, str] = field(default_factory=dict)


def shown_value(value: Decimal | None, unit: str) -> Any:
    """Return a stored value as people read it: a date for days since the epoch."""
    if value is None:
        return None
    if unit != "date":
        return value
    try:
        return EPOCH + timedelta(days=int(value))
    except OverflowError:
        return None


def currency_of(unit: str) -> str:
    """Return the reporting currency for money, else nothing."""
    return str(settings.REPORTING_CURRENCY) if unit == "money" else ""


def explain_url(key: str, **params: Any) -> str:
    """Return the address of an explanation."""
    given = {name: value for name, value in params.items() if value not in (None, "")}
    url = reverse("metrics:explain", args=[key])
    return f"{url}?{urlencode(given)}" if given else url


def explain_for_account(key: str, account: Account, access: Access, until: date | None) -> Explanation:
    """Explain a number of one account on the newest refreshed day not after ``until``.

    Raises KeyError for a key that no app declares per account.
    """
    definition = metrics[key]
    day = RefreshRun.objects.finished().newest_day(until)
    told = _begin(definition, account.name, account.get_absolute_url(), access, day)
    told.params = _params(account=account.pk, as_of=until)
    if told.is_redacted or day is None:
        return told
    history = MetricValue.objects.of(account.pk, key).between(day - timedelta(days=HISTORY_DAYS), day)
    told.history = [Point(day=row.as_of, value=shown_value(row.value, told.unit)) for row in history]
    told.value = told.history[-1].value if told.history and told.history[-1].day == day else None
    told.chart = _chart(told)
    told.inputs = _inputs(definition, access, day, account=account.pk, until=until)
    _add_refresh(told, key, day)
    if key == HEALTH:
        told.health = explain_health(account.pk, day, access)
    if definition.breakdown is not None:
        told.breakdown, told.made_of = definition.breakdown, definition.breakdown.load(account, day, access)
    return told


def explain_for_segment(
    key: str, dimension: str, member: str, access: Access, until: date | None
) -> Explanation:
    """Explain a number of one segment; raises KeyError for a key that no app declares for segments."""
    definition = segment_definitions[key]
    day = RefreshRun.objects.finished().newest_day(until)
    tiers = dict(Tier.objects.values_list("slug", "label"))
    told = _begin(definition, member_label(dimension, member, tiers), "", access, day)
    closed = closed_category(definition, dimension, access)
    if closed is not None:
        told.value, told.is_redacted = Redacted(closed, access.why_not(closed)), True
    told.dimension = dimension
    told.params = _params(dimension=dimension, member=member, as_of=until)
    if told.is_redacted or day is None:
        return told
    rows = list(
        SegmentValue.objects.of(key, dimension, member).between(day - timedelta(days=HISTORY_DAYS), day)
    )
    told.history = [Point(day=row.as_of, value=shown_value(row.value, told.unit)) for row in rows]
    if rows and rows[-1].as_of == day:
        newest = rows[-1]
        told.value = shown_value(newest.value, told.unit)
        told.numerator, told.denominator = newest.numerator, newest.denominator
        told.accounts = newest.accounts
    told.chart = _chart(told)
    told.inputs = _inputs(definition, access, day, until=until)
    told.members = _members(told, member, tiers, until)
    step = next(
        (item.key for item in segment_metrics if key in {part.key for part in item.definitions}),
        key + SEGMENTS,
    )
    _add_refresh(told, step, day)
    return told


def explain_definition(definition: Definition, access: Access, until: date | None) -> Explanation:
    """Explain what a number means, where no account and no segment is asked for."""
    day = RefreshRun.objects.finished().newest_day(until)
    told = _begin(definition, "", "", access, day)
    told.params = _params(as_of=until)
    if not told.is_redacted and day is not None:
        told.accounts = MetricValue.objects.on(day).filter(key=definition.key).count()
        told.inputs = _inputs(definition, access, day, until=until)
        _add_refresh(told, definition.key, day)
        told.why_empty = ""
    return told


def member_label(dimension: str, member: str, tiers: dict[str, str]) -> str:
    """Return a segment's name for people."""
    if dimension == "all":
        return DIMENSIONS["all"]
    if member == NO_MEMBER:
        return f"No {dimension.replace('_quarter', ' date')}"
    return tiers.get(member, member) if dimension == "tier" else member


def _begin(
    definition: Definition, subject: str, subject_url: str, access: Access, day: date | None
) -> Explanation:
    marked = access.redact(None, definition.category, definition.level)
    is_redacted = bool(getattr(marked, "is_redacted", False))
    return Explanation(
        definition=definition,
        subject=subject,
        subject_url=subject_url,
        as_of=day,
        value=marked,
        unit=definition.unit,
        currency=currency_of(definition.unit),
        is_redacted=is_redacted,
        parts_currency=currency_of(definition.whole_unit),
        why_empty="" if day else "No refresh has finished yet. Figures follow with the next one.",
    )


def _params(**given: Any) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value not in (None, "")}


def _inputs(
    definition: Definition, access: Access, day: date, *, account: int | None = None, until: date | None
) -> list[Input]:
    keys = [name for name in definition.inputs if name in metrics]
    values: dict[str, Decimal] = {}
    if account is not None and keys:
        rows = MetricValue.objects.on(day).filter(account_id=account, key__in=keys)
        values = dict(rows.values_list("key", "value"))
    names = [name for name in definition.inputs if name in resources]
    newest = {
        (row["resource"], row["source__name"]): row["newest"]
        for row in Batch.objects.filter(resource__in=names)
        .values("resource", "source__name")
        .annotate(newest=Max("received_at"))
        .order_by("resource", "source__name")
    }
    doubts = provisional_numbers(day)
    found = []
    for name in definition.inputs:
        if name in metrics:
            made_of = metrics[name]
            value = shown_value(values.get(name), made_of.unit)
            may = access.allows(made_of.category, made_of.level)
            found.append(
                Input(
                    label=made_of.label,
                    url=explain_url(name, account=account, as_of=until),
                    value=access.redact(value, made_of.category, made_of.level),
                    unit=made_of.unit,
                    is_number=account is not None,
                    provisional=doubts.get(name, "") if may else "",
                )
            )
        elif name in resources:
            came = {source: at for (resource, source), at in newest.items() if resource == name}
            label = name.replace("-", " ").capitalize()
            found.append(Input(label=label, sources=sorted(came), fresh_at=max(came.values(), default=None)))
    return found


def _members(told: Explanation, member: str, tiers: dict[str, str], until: date | None) -> list[Member]:
    """Return every segment of the dimension, tiers by rank."""
    key, dimension = told.definition.key, told.dimension
    if dimension == "all" or told.as_of is None:
        return []
    rows = list(SegmentValue.objects.filter(key=key, dimension=dimension, as_of=told.as_of))
    ranks = {slug: rank for rank, slug in enumerate(tiers)}
    rows.sort(key=lambda row: (ranks.get(row.member, len(ranks)), row.member))
    return [
        Member(
            label=member_label(dimension, row.member, tiers),
            url=explain_url(key, dimension=dimension, member=row.member, as_of=until),
            value=shown_value(row.value, told.unit),
            numerator=row.numerator,
            denominator=row.denominator,
            accounts=row.accounts,
            is_current=row.member == member,
        )
        for row in rows
    ]


def _add_refresh(told: Explanation, step_key: str, day: date) -> None:
    """Say when the number was made, and where it is missing, why."""
    run = RefreshRun.objects.finished().filter(as_of=day).first()
    steps = list(RefreshStep.objects.filter(run=run, key=step_key).order_by("pk")) if run else []
    done = [step.finished_at for step in steps if step.finished_at is not None]
    told.refreshed_at = max(done, default=None)
    told.provisional = provisional_numbers(day).get(told.definition.key, "")
    if told.chart is not None and told.provisional:
        told.chart = replace(told.chart, provisional=told.provisional)
    told.note = next((step.note for step in steps if step.note), "")
    if any(step.state == RefreshStep.State.FAILED for step in steps):
        told.why_empty = f"The refresh of {format_date(day)} failed for this number. RevOps sees why."
    elif told.value is None:
        told.why_empty = f"The definition gives no value for {told.subject or 'this'} on {format_date(day)}."


def _chart(told: Explanation) -> Chart | None:
    known = [point for point in told.history if point.value is not None]
    if len(known) < 2 or told.unit == "date":
        return None
    first, last = known[0], known[-1]
    way = "is unchanged" if first.value == last.value else "rose" if last.value > first.value else "fell"
    return Chart(
        key=f"explain-{told.definition.key}",
        kind="line",
        title=f"{told.definition.label} {way} since {format_date(first.day)}",
        categories=[format_date(point.day) for point in told.history],
        series=[Series(name=told.definition.label, values=[point.value for point in told.history])],
        unit=told.unit,
        currency=told.currency,
        good=told.definition.direction or "",
        category_label="Day",
        height="sm",
        extra=SCORE_AXIS if told.definition.key == HEALTH else {},
    )
