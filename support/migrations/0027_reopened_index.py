from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index is made while help desks go on writing."""

    atomic = False

    dependencies = [
        ("support", "0026_goes_on"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(
                    ("solved_at__isnull", False), ("status__in", ("open", "pending", "on_hold"))
                ),
                fields=["opened_at"],
                name="support_ticket_reopened",
            ),
        ),
    ]
