"""The accounts of a preview with what makes the difference, for pages and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, QuerySet
from django.db.models.functions import Abs

from accounts.models import HealthBand
from common.export import Table, table_of
from common.formatting import format_number
from metrics.health.parts import ZERO, added_up, taken_apart
from metrics.health.previews.work import unmoved
from metrics.models import HealthComponent, HealthModel, HealthPreview, HealthPreviewRow
from metrics.registry import metrics
from people.access import Access

AT_ONCE = 500
MOST_REASONS = 3
WAYS = {
    "band": "Changes band",
    "up": "Rises",
    "down": "Falls",
    "lost": "Becomes insufficient data",
    "gained": "Gets a number",
    "model": "Changes model",
}
NOT_SCORED = "not scored"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """What one component, or the limits, add more or less than before, in points."""

    name: str
    points: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Mover:
    """An account with what it has, what it would have, and why; sides without a model score it not at all."""

    account_id: int
    name: str
    tier: str
    before: Decimal | None
    after: Decimal | None
    before_band: str
    after_band: str
    before_model: str
    after_model: str
    reasons: Sequence[Reason]

    @property
    def change(self) -> Decimal | None:
        """Points up or down, None where a side has no number."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def is_other_model(self) -> bool:
        """Whether another model would score it."""
        return self.before_model != self.after_model


def rows_of(run: HealthPreview, way: str = "") -> QuerySet[HealthPreviewRow]:
    """Return the accounts that something changes for, the largest change first; ``way`` is one of WAYS."""
    rows = HealthPreviewRow.objects.filter(run=run)
    if way == "band":
        rows = rows.exclude(before_band=F("after_band"))
    elif way == "up":
        rows = rows.filter(after__gt=F("before"))
    elif way == "down":
        rows = rows.filter(after__lt=F("before"))
    elif way == "lost":
        rows = rows.filter(after_band=HealthBand.UNKNOWN).exclude(before_band=HealthBand.UNKNOWN)
    elif way == "gained":
        rows = rows.filter(before_band=HealthBand.UNKNOWN).exclude(after_band=HealthBand.UNKNOWN)
    elif way == "model":
        rows = rows.exclude(before_model=F("after_model"))
        rows = rows.exclude(before_model=run.in_force_id, after_model=run.model_id)
    else:
        rows = rows.exclude(unmoved())
    moved = Abs(F("after") - F("before"))
    return rows.select_related("account", "tier").order_by(moved.desc(nulls_first=True), "account_id")


def told(run: HealthPreview, rows: Iterable[HealthPreviewRow], access: Access) -> Iterator[Mover]:
    """Yield rows with what makes the difference; what the reader may not see is one reason without a name."""
    models = {model.pk: model for model in _models(run)}
    parts = {pk: list(model.components.all()) for pk, model in models.items()}
    for row in rows:
        yield Mover(
            account_id=row.account_id,
            name=row.account.name,
            tier=row.tier.label if row.tier is not None else "",
            before=row.before,
            after=row.after,
            before_band=row.before_band,
            after_band=row.after_band,
            before_model=_scope(models.get(row.before_model_id or 0)),
            after_model=_scope(models.get(row.after_model_id or 0)),
            reasons=_reasons(row, parts, access),
        )


def _models(run: HealthPreview) -> QuerySet[HealthModel]:
    wanted = [run.model_id, run.in_force_id, *run.beside]
    return HealthModel.objects.filter(pk__in=wanted).select_related("tier").prefetch_related("components")


def _scope(model: HealthModel | None) -> str:
    return NOT_SCORED if model is None else model.scope


def _reasons(
    row: HealthPreviewRow, parts: Mapping[int, Sequence[HealthComponent]], access: Access
) -> list[Reason]:
    if row.before is None or row.after is None:
        return []
    changes: dict[str, Decimal] = {}
    for model, points, exact, limit, sign in (
        (row.before_model_id, row.before_points, row.before, row.before_limit, -1),
        (row.after_model_id, row.after_points, row.after, row.after_limit, 1),
    ):
        apart = taken_apart(parts.get(model or 0, ()), points, points)
        for part in apart:
            declared = metrics.get(part.key)
            is_open = declared is None or access.allows(declared.category)
            name = part.label if is_open else "Redacted parts"
            changes[name] = changes.get(name, ZERO) + sign * (part.added or ZERO)
        held = exact - added_up(apart)
        if held:
            name = limit or "Limits"
            changes[name] = changes.get(name, ZERO) + sign * held
    found = [Reason(name=name, points=points) for name, points in changes.items() if round(points, 1)]
    found.sort(key=lambda reason: (-abs(reason.points), reason.name))
    return found[:MOST_REASONS]


def movers_table(run: HealthPreview, way: str, access: Access) -> Table:
    """Return the accounts of a preview's page as rows of a file."""
    return table_of(
        f"health-preview-{run.pk}",
        told(run, rows_of(run, way).iterator(chunk_size=AT_ONCE), access),
        [
            ("account_id", "Account id", lambda mover: mover.account_id),
            ("account", "Account", lambda mover: mover.name),
            ("tier", "Tier", lambda mover: mover.tier),
            ("before_model", "Model now", lambda mover: mover.before_model),
            ("after_model", "Model then", lambda mover: mover.after_model),
            ("before", "Now", lambda mover: mover.before),
            ("after", "Then", lambda mover: mover.after),
            ("change", "Change", lambda mover: mover.change),
            ("before_band", "Band now", lambda mover: mover.before_band or NOT_SCORED),
            ("after_band", "Band then", lambda mover: mover.after_band or NOT_SCORED),
            (
                "reasons",
                "Because",
                lambda mover: [
                    f"{reason.name} {'+' if reason.points > 0 else '−'}{format_number(abs(reason.points), 1)}"
                    for reason in mover.reasons
                ],
            ),
        ],
    )
