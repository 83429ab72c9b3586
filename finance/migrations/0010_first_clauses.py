"""Publish the first version of each clause, so that every installation has a library to measure by."""

from django.apps.registry import Apps
from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now

from finance.clauses.defaults import FIRST_FAMILIES


def publish_first_library(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write each family with its version 1, unless the family is there."""
    family, version, text = (
        apps.get_model("finance", name) for name in ("ClauseFamily", "ClauseVersion", "ClauseText")
    )
    for place, first in enumerate(FIRST_FAMILIES, start=1):
        if family.objects.filter(key=first.key).exists():
            continue
        held = family.objects.create(key=first.key, label=first.label, shape=first.shape, position=10 * place)
        approval = [{"function": function, "hours": hours, "label": ""} for function, hours in first.steps]
        began = version.objects.create(
            family=held, version=1, approval=approval, note="The texts that come with the product."
        )
        text.objects.bulk_create(
            text(
                version=began,
                position=at,
                key=one.key,
                kind="fallback" if at else "preferred",
                label=one.label,
                wording=one.wording,
                terms=one.terms,
                tiers=list(one.tiers),
            )
            for at, one in enumerate(first.texts)
        )
        began.state, began.published_at = "published", Now()
        began.save(update_fields=("state", "published_at"))


class Migration(migrations.Migration):
    dependencies = [("finance", "0009_clauses")]
    operations = [
        ValidateConstraint(model_name="contractversion", name="finance_contractversion_cause_known"),
        migrations.RunPython(publish_first_library, migrations.RunPython.noop),
    ]
