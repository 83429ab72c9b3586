from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The log of changes is long: it is indexed while others write to it."""

    atomic = False

    dependencies = [("sync", "0003_api")]

    operations = [
        AddIndexConcurrently(
            model_name="change",
            index=models.Index(fields=["resource", "changed_at"], include=("xid",), name="sync_change_since"),
        ),
    ]
