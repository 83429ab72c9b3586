"""Publish health model 2 in place of model 1, where nobody has touched that.

Scores that are stored keep the model that gave them; the next refresh scores by this one.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now

from metrics.health.recipe import MODEL_2

NOTE = (
    "Seats, adoption, satisfaction, payment, disputes, sponsor, reviews and the renewal are part of health now; "
    "without any usage there is no score."
)


def publish_model_2(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the model, unless another version for every account was ever begun, or a person published the first."""
    model = apps.get_model("metrics", "HealthModel")
    held = list(model.objects.filter(tier=None, segment=""))
    if len(held) != 1:
        return
    (first,) = held
    if (first.version, first.state, first.published_by_id, first.author_id) != (1, "published", None, None):
        return
    # Published last: the database keeps the parts of what isn't a draft as they are.
    second = model.objects.create(
        version=2,
        state="draft",
        note=NOTE,
        based_on=first,
        minimum_coverage=first.minimum_coverage,
    )
    component = apps.get_model("metrics", "HealthComponent")
    component.objects.bulk_create(
        component(
            model=second,
            position=position,
            group=part.group,
            key=part.key,
            label=part.label,
            weight=part.weight,
            curve=part.curve,
        )
        for position, part in enumerate(MODEL_2, start=1)
    )
    limit = apps.get_model("metrics", "HealthLimit")
    limit.objects.bulk_create(
        limit(
            model=second,
            position=held.position,
            kind=held.kind,
            label=held.label,
            condition=held.condition,
            points=held.points,
        )
        for held in limit.objects.filter(model=first).order_by("position")
    )
    model.objects.filter(pk=first.pk).update(state="retired", retired_at=Now())
    model.objects.filter(pk=second.pk).update(state="published", published_at=Now())


class Migration(migrations.Migration):
    dependencies = [("metrics", "0014_readiness")]
    operations = [migrations.RunPython(publish_model_2, migrations.RunPython.noop)]
