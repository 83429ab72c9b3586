from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0011_tenure_causes")]

    operations = [
        AddIndexConcurrently(
            model_name="tiertenure",
            index=models.Index(fields=["-recorded_at"], name="accounts_tenure_newest"),
        ),
    ]
