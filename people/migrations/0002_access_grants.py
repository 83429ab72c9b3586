"""Write the default access matrix: a row for each function and data category."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from people.models import RESERVED, default_grants


def write_grants(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the pairs that are missing, leaving what RevOps changed."""
    grant = apps.get_model("people", "AccessGrant")
    # Categories that are reserved came later, with constraints and a migration of their own.
    written = [grant(**fields) for fields in default_grants() if fields["category"] not in RESERVED]
    grant.objects.bulk_create(written, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [migrations.RunPython(write_grants, migrations.RunPython.noop)]
