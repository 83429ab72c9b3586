from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0017_standing_score_indexes")]

    operations = [
        migrations.AddField(
            model_name="standing",
            name=column,
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        )
        for column in ("balance", "overdue")
    ]
