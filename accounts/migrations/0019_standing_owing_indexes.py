from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0018_standing_owing")]

    operations = [
        AddIndexConcurrently(
            model_name="standing",
            index=models.Index(
                F(column).desc(nulls_last=True),
                F("account_id").desc(),
                name=f"accounts_standing_{column[:12]}",
            ),
        )
        for column in ("balance", "overdue")
    ]
