"""The steps of a preview: what a slice of accounts has and would have, then what all of it adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from metrics.health.previews.services import forget_rows, is_saved_since
from metrics.health.score import members_of, scored_by, series_of
from metrics.models import HealthModel, HealthPreview, HealthPreviewRow
from metrics.runs.registry import RunKind
from metrics.statements import Statement, joined, load

SAVED_MEANWHILE = "The draft was saved while it was being previewed. Preview it again."
NO_SIDE = Statement(
    "SELECT NULL::bigint AS model_id, NULL::bigint AS account_id, NULL::numeric AS exact, NULL::text AS band, "
    'NULL::text AS "limit", NULL::numeric[] AS points WHERE false'
)


def do_step(run: HealthPreview, step: Sequence[Any]) -> Mapping[str, Any]:
    """Do one of the steps; the last one writes the summary."""
    kind, first, last = step
    if kind == "scores":
        _keep_slice(run, first, last)
        return {}
    return {"summary": summary_of(run)}


def _keep_slice(run: HealthPreview, first: int, last: int) -> None:
    published = HealthModel.objects.published().order_by("pk").prefetch_related("components", "limits")
    now = list(published)
    others = [one for one in now if series_of(one) != series_of(run.model)]
    present = next((one for one in now if one.pk == run.in_force_id), None)
    then = [*others, run.model]
    affected = [members_of(run.model, then, run.day, first, last)]
    before, after = now, then
    if present is not None and _scope(present) == _scope(run.model):
        before, after = [present], [run.model]  # it scores whom that one does, so nobody changes models
    elif present is not None:
        affected.append(members_of(present, now, run.day, first, last))
    load(
        "metrics",
        "health_preview",
        run=run.pk,
        day=run.day,
        affected=joined("\nUNION\n", affected),
        before=_side(before, now, run.day, first, last),
        after=_side(after, then, run.day, first, last),
    ).execute()


def _scope(model: HealthModel) -> tuple[Any, ...]:
    return (*series_of(model), model.rank, model.condition)


def _side(
    models: Sequence[HealthModel], among: Sequence[HealthModel], day: date, first: int, last: int
) -> Statement:
    sides = [
        load(
            "metrics",
            "health_side",
            model=model.pk,
            scored=scored_by(
                model,
                day,
                first,
                last,
                members=load(
                    "metrics", "health_affected", members=members_of(model, among, day, first, last)
                ),
            ),
        )
        for model in models
    ]
    return joined("\nUNION ALL\n", sides) if sides else NO_SIDE


def summary_of(run: HealthPreview) -> dict[str, Any]:
    """Add up the rows of a preview: who changes band and model, by tier, and by how much; two queries."""
    rows = HealthPreviewRow.objects.filter(run=run)
    both = Q(before__isnull=False, after__isnull=False)
    columns = ("accounts", "changed", "numbers", "risen", "fallen", "change", "bands")

    def counted(*names: str) -> list[dict[str, Any]]:
        found: QuerySet[Any, Any] = (
            rows.order_by()
            .values(*names)
            .annotate(
                accounts=Count("account"),
                changed=Count("account", filter=~unmoved()),
                numbers=Count("account", filter=both),
                risen=Count("account", filter=both & Q(after__gt=F("before"))),
                fallen=Count("account", filter=both & Q(after__lt=F("before"))),
                change=Sum(F("after") - F("before"), filter=both),
                bands=Count("account", filter=~Q(before_band=F("after_band"))),
            )
        )
        return [
            {
                **{name: row[name] for name in names},
                **{name: str(row[name] or 0) if name == "change" else row[name] for name in columns},
            }
            for row in found
        ]

    return {
        "moves": counted("before_band", "after_band"),
        "tiers": counted("tier__rank", "tier__label"),
        "models": counted("before_model", "after_model"),
    }


def unmoved() -> Q:
    """Return what holds for accounts that keep score, band and model series."""
    return Q(before_band=F("after_band")) & (
        Q(before=F("after")) | Q(before__isnull=True, after__isnull=True)
    )


def _doubt(run: HealthPreview) -> str:
    return SAVED_MEANWHILE if is_saved_since(run) else ""


PREVIEW = RunKind(
    key="metrics.health_preview",
    model=HealthPreview,
    worker=lambda: do_step,
    forget=forget_rows,
    doubt=_doubt,
    related=("model", "in_force"),
)
