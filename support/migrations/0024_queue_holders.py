import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The next one fills the columns, so that nobody waits for it."""

    dependencies = [
        ("support", "0023_echoes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="queue_follows_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="queue_follows_update",
        ),
        migrations.AddField(
            model_name="queueplace",
            name="engineer",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="queueplace",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="support.supportteam",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="place_follows_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                        UPDATE support_queueplace AS place\n                        SET team_id = now_held.team_id, engineer_id = now_held.engineer_id\n                        FROM (\n                            SELECT touched.ticket_id, held.team_id, held.engineer_id\n                            FROM (SELECT DISTINCT ticket_id FROM written) AS touched\n                            LEFT JOIN support_assignment AS held\n                                ON held.ticket_id = touched.ticket_id AND held.ended_at IS NULL\n                        ) AS now_held\n                        WHERE place.ticket_id = now_held.ticket_id\n                            AND (place.team_id, place.engineer_id)\n                            IS DISTINCT FROM (now_held.team_id, now_held.engineer_id);\n                        RETURN NULL;\n                    ",
                    hash="af629a556ad55b68a2edce454d433a03d9265dde",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_place_follows_insert_a1bf8",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="support_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="place_follows_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                        UPDATE support_queueplace AS place\n                        SET team_id = now_held.team_id, engineer_id = now_held.engineer_id\n                        FROM (\n                            SELECT touched.ticket_id, held.team_id, held.engineer_id\n                            FROM (SELECT DISTINCT ticket_id FROM written) AS touched\n                            LEFT JOIN support_assignment AS held\n                                ON held.ticket_id = touched.ticket_id AND held.ended_at IS NULL\n                        ) AS now_held\n                        WHERE place.ticket_id = now_held.ticket_id\n                            AND (place.team_id, place.engineer_id)\n                            IS DISTINCT FROM (now_held.team_id, now_held.engineer_id);\n                        RETURN NULL;\n                    ",
                    hash="b12ac68ebca195fc5e796f9b8f49c231a84dfbdd",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_place_follows_update_618fa",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="support_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="queue_follows_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                        INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)\n                        SELECT written.id, held.team_id, held.engineer_id\n                        FROM written\n                        LEFT JOIN support_assignment AS held\n                            ON held.ticket_id = written.id AND held.ended_at IS NULL\n                        WHERE written.deleted_at IS NULL AND written.solved_at IS NULL\n                            AND written.status NOT IN ('solved', 'closed')\n                        ON CONFLICT (ticket_id) DO NOTHING;\n                        DELETE FROM support_queueplace AS place USING written\n                        WHERE place.ticket_id = written.id AND (\n                            written.deleted_at IS NOT NULL OR written.solved_at IS NOT NULL\n                            OR written.status IN ('solved', 'closed')\n                        );\n                        RETURN NULL;\n                    ",
                    hash="7985a0282d18d5bef9638db1743eaf4109abaaa8",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_queue_follows_insert_96d9c",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="support_ticket",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="queue_follows_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                        INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)\n                        SELECT written.id, held.team_id, held.engineer_id\n                        FROM written\n                        LEFT JOIN support_assignment AS held\n                            ON held.ticket_id = written.id AND held.ended_at IS NULL\n                        WHERE written.deleted_at IS NULL AND written.solved_at IS NULL\n                            AND written.status NOT IN ('solved', 'closed')\n                        ON CONFLICT (ticket_id) DO NOTHING;\n                        DELETE FROM support_queueplace AS place USING written\n                        WHERE place.ticket_id = written.id AND (\n                            written.deleted_at IS NOT NULL OR written.solved_at IS NOT NULL\n                            OR written.status IN ('solved', 'closed')\n                        );\n                        RETURN NULL;\n                    ",
                    hash="7962f581fe2cdbc7efdf2c58f4df949c0be0038f",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_queue_follows_update_97789",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="support_ticket",
                    when="AFTER",
                ),
            ),
        ),
    ]
