from django.db import migrations


class Migration(migrations.Migration):
    """Tickets that were opened again while their senders went on saying when they were solved come back."""

    dependencies = [
        ("support", "0027_reopened_index"),
    ]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)
            SELECT ticket.id, held.team_id, held.engineer_id
            FROM support_ticket AS ticket
            LEFT JOIN support_assignment AS held ON held.ticket_id = ticket.id AND held.ended_at IS NULL
            WHERE ticket.deleted_at IS NULL AND ticket.solved_at IS NOT NULL
                AND ticket.status IN ('open', 'pending', 'on_hold')
            ON CONFLICT (ticket_id) DO NOTHING;
            INSERT INTO support_tickettoclock (ticket_id)
            SELECT id FROM support_ticket
            WHERE deleted_at IS NULL AND solved_at IS NOT NULL AND status IN ('open', 'pending', 'on_hold')
            ON CONFLICT (ticket_id) DO NOTHING;
            INSERT INTO support_tickettoroute (ticket_id)
            SELECT id FROM support_ticket
            WHERE deleted_at IS NULL AND solved_at IS NOT NULL AND status IN ('open', 'pending', 'on_hold')
            ON CONFLICT (ticket_id) DO NOTHING;
            """,
            migrations.RunSQL.noop,
        ),
    ]
