"""Policies as pages and files show them: conditions in words, and what each tier is promised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.export import Table, table_of
from metrics.health.redaction import closed
from metrics.health.shown import condition_words
from people.access import Access
from support.entitlements import FIRST_RESPONSE
from support.models import Priority, SlaMetric
from support.policies.content import PRIORITIES, Cells, Content, PolicyDraft
from support.policies.words import clock_words, problems_with
from tiers.entitlements.registry import kinds
from tiers.entitlements.tables import ValueTable, table_in_force
from tiers.entitlements.values import minutes_in_words

PRIORITY_LABELS = [str(Priority(one).label) for one in PRIORITIES]


@dataclass(frozen=True, kw_only=True, slots=True)
class CellShown:
    """What one tier is promised for one priority; ``minutes`` is None for nothing."""

    tier: str
    priority: str
    minutes: int | None
    is_entitled: bool = False

    @property
    def words(self) -> str:
        """The target in words, empty for none."""
        return "" if self.minutes is None else minutes_in_words(self.minutes)


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixShown:
    """What a policy promises of one metric: a row for each tier, a column for each priority."""

    metric: SlaMetric
    rows: Sequence[tuple[str, Sequence[CellShown]]]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is promised."""
        return all(cell.minutes is None for _, row in self.rows for cell in row)

    @property
    def has_entitled(self) -> bool:
        """Whether some of it is what tiers entitle to."""
        return any(cell.is_entitled for _, row in self.rows for cell in row)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyShown:
    """A policy for a reader; ``closed`` says why its condition isn't told, ``problems`` what of it is gone."""

    place: int
    name: str
    where: str
    closed: str
    clock: str
    matrices: Sequence[MatrixShown]
    problems: Sequence[str]


def shown_policies(content: Content, access: Access) -> list[PolicyShown]:
    """Return policies as a reader sees them, with what the tiers entitle to now."""
    table = table_in_force()
    return [_shown(place, one, table, access) for place, one in enumerate(content, start=1)]


def _shown(place: int, one: PolicyDraft, table: ValueTable, access: Access) -> PolicyShown:
    why = closed(one.condition, access)
    return PolicyShown(
        place=place,
        name=one.name,
        where="" if why else condition_words(one.condition),
        closed=why,
        clock=clock_words(one.clock, one.calendar),
        matrices=[_matrix(metric, one.cells, table) for metric in SlaMetric],
        problems=_problems(one, is_closed=bool(why)),
    )


def _problems(one: PolicyDraft, *, is_closed: bool) -> list[str]:
    found = problems_with(one.condition)
    if found and is_closed:
        return ["Its condition speaks of something that is gone. RevOps can mend it."]
    return [f"{problem.message} {problem.remedy}".strip() for problem in found]


def _matrix(metric: SlaMetric, cells: Cells, table: ValueTable) -> MatrixShown:
    rows = []
    for slug, tier in table.tiers.items():
        entitled = table.value(kinds[FIRST_RESPONSE], tier)
        row = [_cell(cells, metric, priority, slug, tier.label, entitled) for priority in PRIORITIES]
        rows.append((tier.label, row))
    return MatrixShown(metric=metric, rows=rows)


def _cell(cells: Cells, metric: SlaMetric, priority: str, slug: str, tier: str, entitled: int) -> CellShown:
    label = str(Priority(priority).label)
    for key in ((metric.value, priority, slug), (metric.value, priority, "")):
        if key in cells:
            minutes = cells[key]
            is_entitled = minutes is None
            return CellShown(
                tier=tier,
                priority=label,
                minutes=entitled if minutes is None else minutes,
                is_entitled=is_entitled,
            )
    return CellShown(tier=tier, priority=label, minutes=None)


def policies_table(name: str, shown: Iterable[PolicyShown]) -> Table:
    """Return what each policy promises to each tier as a table for a file, a row for each target."""
    rows = [
        (one, matrix.metric, cell)
        for one in shown
        for matrix in one.matrices
        for _, row in matrix.rows
        for cell in row
        if cell.minutes is not None
    ]
    return table_of(
        name,
        rows,
        (
            ("place", "Place", lambda row: row[0].place),
            ("policy", "Policy", lambda row: row[0].name),
            ("where", "For", lambda row: row[0].where or row[0].closed),
            ("clock", "Time runs", lambda row: row[0].clock),
            ("metric", "Metric", lambda row: str(row[1].label)),
            ("priority", "Priority", lambda row: row[2].priority),
            ("tier", "Tier", lambda row: row[2].tier),
            ("target", "Target", lambda row: row[2].words),
            ("minutes", "Minutes", lambda row: row[2].minutes),
            ("entitled", "As entitled", lambda row: row[2].is_entitled),
        ),
    )
