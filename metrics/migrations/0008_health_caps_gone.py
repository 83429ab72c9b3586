"""Leave what limits and arrays hold now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("metrics", "0007_health_arrays")]
    operations = [
        migrations.RemoveField(
            model_name="healthcap",
            name="model",
        ),
        migrations.RemoveField(
            model_name="healthcapevent",
            name="pgh_obj",
        ),
        migrations.RemoveField(
            model_name="healthcapevent",
            name="model",
        ),
        migrations.RemoveField(
            model_name="healthcapevent",
            name="pgh_context",
        ),
        migrations.RemoveField(
            model_name="healthscore",
            name="components",
        ),
        migrations.RemoveField(
            model_name="healthscore",
            name="uncapped",
        ),
        migrations.DeleteModel(
            name="HealthCap",
        ),
        migrations.DeleteModel(
            name="HealthCapEvent",
        ),
    ]
