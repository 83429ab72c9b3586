"""The score of the model in force, as one would write it by hand: a CASE for each curve and limit.

``OFFSET 0`` keeps the planner from writing each curve out wherever its points are used, which took ten times as long.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from string import Template

from metrics.models import HealthModel

SCORED = Template("""
INSERT INTO metrics_healthscore (
    as_of, account_id, model_id, score, exact, band, coverage, confidence, "limit", values, points, stale
)
SELECT '$day', account_id, $model, round(bound, 1), bound,
    CASE WHEN bound IS NULL THEN 'unknown' WHEN bound < 50 THEN 'red' WHEN bound < 75 THEN 'amber' ELSE 'green' END,
    coverage, coverage, '', values, points, '{}'
FROM (
    SELECT account_id, values, points, present / $whole AS coverage,
        CASE WHEN round(present / $whole, 3) >= $least
            THEN least(round(added / nullif(present, 0), 4), $limits) END AS bound
    FROM (
        SELECT account_id, ARRAY[$values]::numeric[] AS values, ARRAY[$points]::numeric[] AS points, $limited,
            $present AS present, $added AS added
        FROM (
            SELECT account.id AS account_id, figure.*, $scored
            FROM accounts_account AS account
            LEFT JOIN (
                SELECT account_id AS owner, $figures
                FROM metrics_metricvalue
                WHERE as_of = '$day' AND key IN ($keys)
                GROUP BY 1
            ) AS figure ON figure.owner = account.id
            WHERE account.lifecycle = 'customer'
            OFFSET 0
        ) AS scored
        OFFSET 0
    ) AS weighed
) AS limited
""")


def plain_scores(day: date) -> str:
    """Return the statement that scores a day by the model for all accounts."""
    model = HealthModel.objects.published().get(tier=None, segment="")
    parts, limits = list(model.components.all()), list(model.limits.all())
    places = range(len(parts))
    read = [*(part.key for part in parts), *(limit.condition["field"] for limit in limits)]
    column = {key: f"v{place}" for place, key in enumerate(dict.fromkeys(read))}
    return SCORED.substitute(
        day=day,
        model=model.pk,
        least=model.minimum_coverage,
        whole=sum(part.weight for part in parts),
        values=", ".join(column[part.key] for part in parts),
        points=", ".join(f"p{place}" for place in places),
        limited=", ".join(
            f"CASE WHEN {column[limit.condition['field']]} >= {limit.condition['value']} "
            f"THEN {limit.points} END AS l{place}"
            for place, limit in enumerate(limits)
        ),
        limits=", ".join(f"l{place}" for place in range(len(limits))),
        present=" + ".join(
            f"CASE WHEN p{place} IS NULL THEN 0 ELSE {part.weight} END" for place, part in enumerate(parts)
        ),
        added=" + ".join(f"coalesce(p{place}, 0) * {part.weight}" for place, part in enumerate(parts)),
        scored=", ".join(
            f"{_curve(column[part.key], part.curve)} AS p{place}" for place, part in enumerate(parts)
        ),
        figures=", ".join(
            f"max(value) FILTER (WHERE key = '{key}') AS {name}" for key, name in column.items()
        ),
        keys=", ".join(f"'{key}'" for key in column),
    )


def _curve(value: str, curve: list[list[float]]) -> str:
    (first, least), (_, last) = curve[0], curve[-1]
    pieces = " ".join(
        f"WHEN {value} < {x1} THEN round({y0} + ({y1} - {y0})::numeric * ({value} - {x0}) / ({x1} - {x0}), 2)"
        for (x0, y0), (x1, y1) in pairwise(curve)
    )
    return (
        f"CASE WHEN {value} IS NULL THEN NULL WHEN {value} <= {first} THEN {least} {pieces} ELSE {last} END"
    )
