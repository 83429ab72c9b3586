"""Cost rates are a data category of their own, whose readers are fixed."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from people.models import RESERVED, default_grants

CATEGORIES = [
    ("account_profile", "Account profile"),
    ("revenue", "Revenue"),
    ("product_usage", "Product usage"),
    ("support_history", "Support history"),
    ("engagement", "Engagement"),
    ("financial_health", "Financial health"),
    ("contracts", "Contracts"),
    ("account_team", "Account team"),
    ("cost_rates", "Cost rates"),
]


def write_grants(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add a row for each function; whoever isn't named reads nothing."""
    grant = apps.get_model("people", "AccessGrant")
    written = [grant(**fields) for fields in default_grants() if fields["category"] in RESERVED]
    grant.objects.bulk_create(written, ignore_conflicts=True)


def forget_grants(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the rows away again."""
    apps.get_model("people", "AccessGrant").objects.filter(category__in=list(RESERVED)).delete()


class Migration(migrations.Migration):
    dependencies = [("people", "0009_notices_told_before")]

    operations = [
        migrations.AlterField(
            model_name="accessgrant",
            name="category",
            field=models.CharField(choices=CATEGORIES, max_length=32),
        ),
        migrations.AlterField(
            model_name="accessgrantevent",
            name="category",
            field=models.CharField(choices=CATEGORIES, max_length=32),
        ),
        migrations.RemoveConstraint(
            model_name="accessgrant", name="people_accessgrant_readers_of_everything"
        ),
        migrations.AddConstraint(
            model_name="accessgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("function__in", ("revops", "leadership")), _negated=True),
                    ("category", "cost_rates"),
                    ("level", "full"),
                    _connector="OR",
                ),
                name="people_accessgrant_readers_of_everything",
            ),
        ),
        migrations.AddConstraint(
            model_name="accessgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("category", "cost_rates"), _negated=True),
                    models.Q(("function__in", ("finance", "people", "leadership")), ("level", "full")),
                    models.Q(
                        models.Q(("function__in", ("finance", "people", "leadership")), _negated=True),
                        ("level", "none"),
                    ),
                    _connector="OR",
                ),
                name="people_accessgrant_cost_rates_reserved",
            ),
        ),
        migrations.RunPython(write_grants, forget_grants),
    ]
