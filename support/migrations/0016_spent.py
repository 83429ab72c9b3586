from django.db import migrations, models
from django.db.models.functions import Coalesce

# What ended before has the time that it took counted by workers.
MARK = """
    INSERT INTO support_tickettoclock (ticket_id)
    SELECT DISTINCT ticket_id FROM support_clock WHERE ended_at IS NOT NULL ORDER BY ticket_id
    ON CONFLICT (ticket_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0015_routes_by_marks"),
    ]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="spent_seconds",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                Coalesce("breached_at", "ended_at"),
                condition=models.Q(
                    ("minutes__isnull", False),
                    models.Q(("breached_at__isnull", False), ("state", "met"), _connector="OR"),
                ),
                name="support_clock_decided",
            ),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
