"""The scoreboard as one reader sees it on a day: read from stored numbers alone, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Max, Q
from django.db.models.functions import TruncMonth

from accounts.models import Tier
from metrics.explanation import NO_MEMBER, currency_of, explain_url, member_label
from metrics.models import RefreshRun, ScoreTarget, SegmentValue
from metrics.registry import Definition, segment_definitions
from metrics.scoreboard.judging import TREND_MONTHS, Held, Verdict, held_to, verdict_of, why
from metrics.scoreboard.registry import (
    OWNERS,
    WHOLE,
    AwaitedLine,
    Owner,
    ScoreLine,
    Segment,
    awaited_lines,
    ordered_lines,
)
from people.access import Access
from sync.freshness.marks import provisional_numbers

MONTHS = 12

Stored = tuple[Decimal | None, Decimal | None, Decimal | None, int]
Values = Mapping[tuple[str, str, str, date], Stored]
Targets = Mapping[tuple[str, str, str], ScoreTarget]


@dataclass(frozen=True, slots=True)
class Cell:
    """One line in one segment on a day.

    ``actual`` and what follows from it is a mark of redaction where the reader may not see the figure. ``trend`` is
    its value at the end of each month and on the day; ``change`` is that since ``since``.
    """

    line: ScoreLine
    definition: Definition
    segment: Segment
    segment_label: str
    held: Held
    actual: Any
    numerator: Any
    denominator: Any
    accounts: int | None
    verdict: Verdict
    change: Any
    since: date | None
    trend: Any
    why: str
    provisional: str
    explain_url: str

    @property
    def is_redacted(self) -> bool:
        """Whether the reader may not see the figure."""
        return bool(getattr(self.actual, "is_redacted", False))

    @property
    def currency(self) -> str:
        """The currency of the figure, if it is money."""
        return currency_of(self.definition.unit)

    @property
    def change_shown(self) -> Any:
        """The change as it is shown: of a ratio in percentage points."""
        return self.change * 100 if self.definition.unit == "ratio" and self.change else self.change

    @property
    def change_unit(self) -> str:
        """The unit of ``change_shown``."""
        return "points" if self.definition.unit == "ratio" else self.definition.unit

    @property
    def target_words(self) -> str:
        """What it is held to, as people read it."""
        return self.held.words(self.definition)

    @property
    def spark_tone(self) -> str:
        """The tone of the little line: that of the state, where there is one."""
        return {"neutral": "muted"}.get(self.verdict.tone, self.verdict.tone)


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one owner."""

    owner: Owner
    cells: Sequence[Cell]
    awaited: Sequence[AwaitedLine]


@dataclass(frozen=True, slots=True)
class Days:
    """The days whose figures a trend shows, oldest first; the last one is the day itself."""

    shown: Sequence[date]

    @property
    def day(self) -> date:
        """The day that is asked for."""
        return self.shown[-1]

    @property
    def before(self) -> date | None:
        """The end of the third month before, against which trends are judged."""
        latest = self.day - relativedelta(months=TREND_MONTHS) + relativedelta(day=31)
        earlier = [day for day in self.shown[:-1] if day <= latest]
        return earlier[-1] if earlier else None


def read_days(until: date | None) -> Days | None:
    """Return the newest refreshed day of each of the last thirteen months up to a day; None before any refresh.

    One query.
    """
    runs = RefreshRun.objects.finished().order_by()
    if until is not None:
        runs = runs.filter(as_of__lte=until)
    months = runs.annotate(month=TruncMonth("as_of")).values("month").annotate(day=Max("as_of"))
    found = sorted(row["day"] for row in months.order_by("-month")[: MONTHS + 1])
    if not found:
        return None
    first = found[-1] - relativedelta(months=MONTHS, day=1)
    return Days([day for day in found if day >= first])


def read_targets(day: date) -> Targets:
    """Return the target of each line and segment that holds on a day; one query."""
    held = ScoreTarget.objects.on(day).select_related("person", "author")
    return {(target.line, target.dimension, target.member): target for target in held}


def read_values(lines: Iterable[ScoreLine], segments: Iterable[Segment], days: Sequence[date]) -> Values:
    """Return stored segment numbers of the lines by key, segment and day; one query."""
    wanted = Q()
    for dimension, member in set(segments):
        wanted |= Q(dimension=dimension, member=member)
    keys = {line.figure for line in lines}
    if not keys or not days:
        return {}
    rows = SegmentValue.objects.filter(wanted, key__in=keys, as_of__in=days).values_list(
        "key", "dimension", "member", "as_of", "value", "numerator", "denominator", "accounts"
    )
    return {(key, dimension, member, day): tuple(rest) for key, dimension, member, day, *rest in rows}  # type: ignore[misc]


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """Everything that cells are made of, read once."""

    access: Access
    days: Days
    values: Values
    targets: Targets
    doubts: Mapping[str, str]
    tiers: Mapping[str, str]
    until: date | None

    def cell(self, line: ScoreLine, segment: Segment) -> Cell:
        """Return one line in one segment."""
        definition = segment_definitions[line.figure]
        dimension, member = segment
        held = held_to(line, segment, self.targets)
        day, before = self.days.day, self.days.before
        actual, numerator, denominator, accounts = self._stored(line, segment, day)
        earlier = self._stored(line, segment, before)[0] if before else None
        change = None if actual is None or earlier is None else actual - earlier
        may = self.access.allows(definition.category, definition.level)

        def shown(value: Any) -> Any:
            return self.access.redact(value, definition.category, definition.level)

        return Cell(
            line=line,
            definition=definition,
            segment=segment,
            segment_label=member_label(dimension, member, dict(self.tiers)),
            held=held,
            actual=shown(actual),
            numerator=shown(numerator),
            denominator=shown(denominator),
            accounts=accounts if may else None,
            verdict=verdict_of(line, held, actual, change) if may else Verdict.UNKNOWN,
            change=shown(change),
            since=before,
            trend=shown([self._stored(line, segment, each)[0] for each in self.days.shown]),
            why=why(line, held, definition, change, before) if may else "",
            provisional=self.doubts.get(line.figure, "") if may else "",
            explain_url=explain_url(line.figure, dimension=dimension, member=member, as_of=self.until),
        )

    def _stored(self, line: ScoreLine, segment: Segment, day: date) -> Stored:
        return self.values.get((line.figure, *segment, day), (None, None, None, 0))


def read_board(
    access: Access, days: Days, until: date | None, lines: Sequence[ScoreLine], segments: Iterable[Segment]
) -> Board:
    """Read what the cells of some lines in some segments need; four queries."""
    return Board(
        access=access,
        days=days,
        values=read_values(lines, segments, days.shown),
        targets=read_targets(days.day),
        doubts=provisional_numbers(days.day),
        tiers=dict(Tier.objects.order_by("rank").values_list("slug", "label")),
        until=until,
    )


def own_segment(line: ScoreLine, asked: Segment) -> Segment:
    """Return the segment in which a line is shown: its own where all accounts are asked for."""
    return line.segment if asked == WHOLE else asked


def read_groups(access: Access, days: Days, until: date | None, asked: Segment) -> list[Group]:
    """Return the whole page: the lines of each owner in the segment asked for."""
    lines = [line for line in ordered_lines() if line.is_shown_in(asked)]
    board = read_board(access, days, until, lines, {own_segment(line, asked) for line in lines})
    cells = [board.cell(line, own_segment(line, asked)) for line in lines]
    return [
        Group(
            owner,
            [cell for cell in cells if cell.line.owner == owner],
            [line for line in awaited_lines if line.owner == owner],
        )
        for owner in OWNERS
    ]


def count_verdicts(groups: Iterable[Group]) -> dict[Verdict, int]:
    """Return how many lines stand how, of those that the reader may see."""
    cells = [cell for group in groups for cell in group.cells if not cell.is_redacted]
    return {verdict: sum(cell.verdict is verdict for cell in cells) for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Members:
    """The segments there are, by dimension, and what tiers are called."""

    by_dimension: Mapping[str, Sequence[str]]
    tiers: dict[str, str]

    def label(self, segment: Segment) -> str:
        """Return a segment's name for people."""
        return member_label(*segment, self.tiers)


def read_members(day: date) -> Members:
    """Return the segments of a day, as the health of accounts is told by them; two queries.

    Tiers by rank, industries and countries by name, those without one last.
    """
    tiers = dict(Tier.objects.order_by("rank").values_list("slug", "label"))
    rows = SegmentValue.objects.filter(key="metrics.health_mean", as_of=day)
    found: dict[str, list[str]] = {"tier": [*tiers, NO_MEMBER], "industry": [], "country": []}
    named = rows.filter(dimension__in=("industry", "country")).values_list("dimension", "member")
    for dimension, member in sorted(named, key=lambda row: (row[1] == NO_MEMBER, row[1])):
        found[dimension].append(member)
    return Members(found, tiers)
