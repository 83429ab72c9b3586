import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_view_pages"),
        ("support", "0025_queue_holders_kept"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="routing_follows_new",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="routing_follows_changes",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="queue_follows_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="ticket",
            name="queue_follows_update",
        ),
        migrations.RemoveConstraint(
            model_name="policypreviewrow",
            name="support_policypreviewrow_known",
        ),
        migrations.AlterField(
            model_name="policypreviewrow",
            name="after",
            field=models.CharField(
                choices=[
                    ("met", "Met"),
                    ("missed", "Missed"),
                    ("ended", "Ended unanswered"),
                    ("open", "Undecided"),
                    ("none", "Not promised"),
                ],
                max_length=6,
            ),
        ),
        migrations.AlterField(
            model_name="policypreviewrow",
            name="before",
            field=models.CharField(
                choices=[
                    ("met", "Met"),
                    ("missed", "Missed"),
                    ("ended", "Ended unanswered"),
                    ("open", "Undecided"),
                    ("none", "Not promised"),
                ],
                max_length=6,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="routing_follows_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    INSERT INTO support_tickettoroute (ticket_id)\n                    SELECT came.id\n                    FROM came\n                    WHERE came.deleted_at IS NULL AND (\n                        came.status IN ('open', 'pending', 'on_hold')\n                        OR came.status = 'new' AND came.solved_at IS NULL\n                    )\n                    ORDER BY came.id\n                    ON CONFLICT (ticket_id) DO UPDATE\n                        SET marked_at = greatest(now(), support_tickettoroute.first_marked_at);\n                    RETURN NULL;\n                ",
                    hash="ddf79b11aec62db7ea8ed33d119654244086b53a",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_routing_follows_new_6c866",
                    referencing="REFERENCING NEW TABLE AS came ",
                    table="support_ticket",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="routing_follows_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    INSERT INTO support_tickettoroute (ticket_id)\n                    SELECT is_now.id\n                    FROM is_now\n                    JOIN was ON was.id = is_now.id\n                    WHERE (\n                        (was.status, was.assignee_email, was.account_id, was.product_area, was.priority)\n                        IS DISTINCT FROM\n                        (is_now.status, is_now.assignee_email, is_now.account_id, is_now.product_area,\n                            is_now.priority)\n                        OR was.solved_at IS DISTINCT FROM is_now.solved_at\n                        OR was.deleted_at IS DISTINCT FROM is_now.deleted_at\n                    )\n                    AND (\n                        was.deleted_at IS NULL AND (\n                            was.status IN ('open', 'pending', 'on_hold')\n                            OR was.status = 'new' AND was.solved_at IS NULL\n                        )\n                        OR is_now.deleted_at IS NULL AND (\n                            is_now.status IN ('open', 'pending', 'on_hold')\n                            OR is_now.status = 'new' AND is_now.solved_at IS NULL\n                        )\n                    )\n                    ORDER BY is_now.id\n                    ON CONFLICT (ticket_id) DO UPDATE\n                        SET marked_at = greatest(now(), support_tickettoroute.first_marked_at);\n                    RETURN NULL;\n                ",
                    hash="5d84a85d26b8d61e6aac2b6e212d56ee19804ef2",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_routing_follows_changes_ee970",
                    referencing="REFERENCING OLD TABLE AS was  NEW TABLE AS is_now ",
                    table="support_ticket",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="queue_follows_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                        INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)\n                        SELECT written.id, held.team_id, held.engineer_id\n                        FROM written\n                        LEFT JOIN support_assignment AS held\n                            ON held.ticket_id = written.id AND held.ended_at IS NULL\n                        WHERE written.deleted_at IS NULL AND (\n                            written.status IN ('open', 'pending', 'on_hold')\n                            OR written.status = 'new' AND written.solved_at IS NULL\n                        )\n                        ON CONFLICT (ticket_id) DO NOTHING;\n                        DELETE FROM support_queueplace AS place USING written\n                        WHERE place.ticket_id = written.id AND NOT (\n                            written.deleted_at IS NULL AND (\n                                written.status IN ('open', 'pending', 'on_hold')\n                                OR written.status = 'new' AND written.solved_at IS NULL\n                            )\n                        );\n                        RETURN NULL;\n                    ",
                    hash="43d35f2d79c958e2054182d954179f2d52541d5f",
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
                    func="\n                        INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)\n                        SELECT written.id, held.team_id, held.engineer_id\n                        FROM written\n                        LEFT JOIN support_assignment AS held\n                            ON held.ticket_id = written.id AND held.ended_at IS NULL\n                        WHERE written.deleted_at IS NULL AND (\n                            written.status IN ('open', 'pending', 'on_hold')\n                            OR written.status = 'new' AND written.solved_at IS NULL\n                        )\n                        ON CONFLICT (ticket_id) DO NOTHING;\n                        DELETE FROM support_queueplace AS place USING written\n                        WHERE place.ticket_id = written.id AND NOT (\n                            written.deleted_at IS NULL AND (\n                                written.status IN ('open', 'pending', 'on_hold')\n                                OR written.status = 'new' AND written.solved_at IS NULL\n                            )\n                        );\n                        RETURN NULL;\n                    ",
                    hash="47be66fe0eaf324a167625663744e9a77cd72a88",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_queue_follows_update_97789",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="support_ticket",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="policypreviewrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("after__in", ["met", "missed", "ended", "open", "none"]),
                    ("before__in", ["met", "missed", "ended", "open", "none"]),
                ),
                name="support_policypreviewrow_known",
            ),
        ),
    ]
