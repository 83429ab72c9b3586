"""Count how often a step was begun, so that one that kills its workers is given up at last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metrics", "0002_health_model_1")]
    operations = [
        migrations.AddField(
            model_name="refreshstep",
            name="attempts",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        )
    ]
