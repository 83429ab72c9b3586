"""Keep what scores were made of as arrays in the order of their model's components, one day at a time."""

from django.db import migrations

# Rows scored before have their inputs in JSON with labels and weights, which the model keeps as well.
FILL = """
    UPDATE metrics_healthscore AS score
    SET values = made.values, points = made.points, confidence = score.coverage,
        exact = CASE
            WHEN score.score IS NULL THEN NULL
            -- Where a limit held, the score is the limit; else the sum, unless it had been rounded another way.
            WHEN score."limit" <> '' OR round(made.added, 1) <> score.score THEN score.score
            ELSE made.added
        END
    FROM (
        SELECT
            held.account_id, array_agg((part.each ->> 'value')::numeric ORDER BY component.position) AS values,
            array_agg(round((part.each ->> 'score')::numeric, 2) ORDER BY component.position) AS points,
            round(
                sum(component.weight * round((part.each ->> 'score')::numeric, 2))
                    / nullif(sum(component.weight) FILTER (WHERE part.each ->> 'score' IS NOT NULL), 0),
                4
            ) AS added
        FROM metrics_healthscore AS held
        JOIN metrics_healthcomponent AS component ON component.model_id = held.model_id
        LEFT JOIN LATERAL jsonb_array_elements(held.components) AS part (each) ON part.each ->> 'key' = component.key
        WHERE held.as_of = %s
        GROUP BY held.account_id
    ) AS made
    WHERE score.as_of = %s AND made.account_id = score.account_id
"""


def fill_arrays(apps, schema_editor):
    """Fill the arrays day by day, each in a transaction of its own; safe to begin again."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT as_of FROM metrics_healthscore WHERE points = '{}' ORDER BY 1")
        for (day,) in cursor.fetchall():
            cursor.execute(FILL, (day, day))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("metrics", "0006_health_parts")]
    operations = [migrations.RunPython(fill_arrays, migrations.RunPython.noop)]
