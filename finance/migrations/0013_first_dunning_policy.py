"""Begin with a draft of a dunning policy: nobody is asked before somebody has looked at it and published it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from finance.collections.defaults import default_content


def draft_first_policy(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write version 1, unless there is one."""
    policy = apps.get_model("finance", "DunningPolicy")
    if not policy.objects.exists():
        policy.objects.create(version=1, note="The stages that come with the product.", **default_content())


class Migration(migrations.Migration):
    dependencies = [("finance", "0012_collections")]
    operations = [migrations.RunPython(draft_first_policy, migrations.RunPython.noop)]
