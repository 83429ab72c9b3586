from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index is made while help desks go on writing."""

    atomic = False

    dependencies = [
        ("support", "0022_written_here"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="ticketevent",
            index=models.Index(
                condition=models.Q(("echo_of", ""), _negated=True),
                fields=["echo_of"],
                name="support_ticketevent_echo",
            ),
        ),
    ]
