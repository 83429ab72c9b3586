"""Publish health model 1, so that every installation scores from the first night on."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now

from metrics.health.recipe import CAPS_1, MODEL_1


def publish_model_1(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the model with its components and caps, unless it is there."""
    model, is_new = apps.get_model("metrics", "HealthModel").objects.get_or_create(
        version=1,
        tier=None,
        defaults={"state": "published", "published_at": Now(), "note": "The first model."},
    )
    if not is_new:
        return
    component = apps.get_model("metrics", "HealthComponent")
    component.objects.bulk_create(
        component(
            model=model,
            group=part.group,
            key=part.key,
            label=part.label,
            weight=part.weight,
            curve=part.curve,
        )
        for part in MODEL_1
    )
    cap = apps.get_model("metrics", "HealthCap")
    cap.objects.bulk_create(
        cap(
            model=model,
            key=ceiling.key,
            label=ceiling.label,
            threshold=ceiling.threshold,
            ceiling=ceiling.ceiling,
        )
        for ceiling in CAPS_1
    )


class Migration(migrations.Migration):
    dependencies = [("metrics", "0001_initial")]
    operations = [migrations.RunPython(publish_model_1, migrations.RunPython.noop)]
