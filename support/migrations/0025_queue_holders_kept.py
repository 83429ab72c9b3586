from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Writes who has the tickets that wait now; the triggers do from here on. Decisions go on meanwhile."""

    atomic = False

    dependencies = [("support", "0024_queue_holders")]

    operations = [
        migrations.RunSQL(
            """
            UPDATE support_queueplace AS place SET team_id = held.team_id, engineer_id = held.engineer_id
            FROM support_assignment AS held
            WHERE held.ticket_id = place.ticket_id AND held.ended_at IS NULL
                AND (place.team_id, place.engineer_id) IS DISTINCT FROM (held.team_id, held.engineer_id)
            """,
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            model_name="queueplace",
            index=models.Index(fields=["team", "order_at"], name="support_queueplace_team"),
        ),
        AddIndexConcurrently(
            model_name="queueplace",
            index=models.Index(fields=["engineer", "order_at"], name="support_queueplace_person"),
        ),
    ]
