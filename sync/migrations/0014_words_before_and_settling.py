import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0013_who_takes_back"),
    ]

    operations = [
        migrations.CreateModel(
            name="Settling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource", models.CharField(max_length=64, unique=True)),
                ("after", models.BigIntegerField(default=0)),
                ("settled", models.IntegerField(default=0)),
                ("total", models.IntegerField(help_text="Shared records when the order was saved.")),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "step_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When a worker last got further.",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClaimBefore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("batch_id", models.BigIntegerField()),
                ("field", models.CharField(blank=True, max_length=120)),
                ("was_there", models.BooleanField()),
                ("value", models.JSONField(null=True)),
                ("is_empty", models.BooleanField(db_default=False, default=False)),
                ("source_updated_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                (
                    "said_in",
                    models.BigIntegerField(
                        help_text="The batch that had brought the earlier word.", null=True
                    ),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sync.link",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["batch_id"], name="sync_claimbefore_of_batch")],
                "constraints": [
                    models.UniqueConstraint(fields=("link", "field", "batch_id"), name="sync_claimbefore_one")
                ],
            },
        ),
    ]
