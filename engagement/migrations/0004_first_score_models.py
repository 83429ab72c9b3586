"""Publish the first version of each point model, so that every installation scores from the first night on."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now

from engagement.scoring.defaults import FIRST_MODELS


def publish_first_models(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write each kind's version 1 with its rules, unless the kind has a version."""
    model, rule = (apps.get_model("engagement", name) for name in ("ScoreModel", "ScoreRule"))
    for first in FIRST_MODELS:
        if model.objects.filter(kind=first.kind).exists():
            continue
        held = model.objects.create(
            kind=first.kind, version=1, half_life_days=first.half_life_days, note=first.note
        )
        rule.objects.bulk_create(
            rule(model=held, position=place, **content) for place, content in enumerate(first.rules, start=1)
        )
        held.state, held.published_at = "published", Now()
        held.save(update_fields=("state", "published_at"))


class Migration(migrations.Migration):
    dependencies = [("engagement", "0003_scores")]
    operations = [migrations.RunPython(publish_first_models, migrations.RunPython.noop)]
