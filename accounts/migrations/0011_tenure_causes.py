import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_lists_of_their_own"),
        ("tiers", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="tiertenure",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="tiertenure",
            name="override",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tiers.tieroverride",
            ),
        ),
        migrations.AddField(
            model_name="tiertenure",
            name="reason",
            field=models.CharField(blank=True, db_default="", max_length=512),
        ),
        migrations.AddField(
            model_name="tiertenure",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tiers.tierrule",
            ),
        ),
        migrations.AddField(
            model_name="tiertenure",
            name="rule_set",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tiers.ruleset",
            ),
        ),
        migrations.AlterField(
            model_name="tiertenure",
            name="cause",
            field=models.CharField(
                choices=[
                    ("import", "Imported from the CRM"),
                    ("rule", "Tier rules"),
                    ("override", "Override"),
                    ("manual", "Moved by hand"),
                ],
                max_length=16,
            ),
        ),
    ]
