"""Write the tier vocabulary, so that every installation starts with the same four words."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TIERS = (
    ("strategic", "Strategic"),
    ("enterprise", "Enterprise"),
    ("growth", "Growth"),
    ("standard", "Standard"),
)


def write_tiers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the words that are missing."""
    tier = apps.get_model("accounts", "Tier")
    tier.objects.bulk_create(
        [tier(slug=slug, label=label, rank=rank) for rank, (slug, label) in enumerate(TIERS, start=1)],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(write_tiers, migrations.RunPython.noop)]
