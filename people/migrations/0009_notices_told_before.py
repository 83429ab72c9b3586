"""Take what people were told by mail before as read, a few rows at a time, and index what they find in the app."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

ROWS = 10_000


def take_as_read(apps, schema_editor):
    """Each slice commits by itself, so that nothing waits for long; a second run does what is left."""
    rows = apps.get_model("people", "Notice").objects.using(schema_editor.connection.alias)
    last = rows.aggregate(last=Max("pk"))["last"] or 0
    for first in range(1, last + 1, ROWS):
        told = rows.filter(pk__range=(first, first + ROWS - 1), channel=None, read_at=None)
        told.exclude(sent_at=None, given_up_at=None).update(read_at=Coalesce("sent_at", "given_up_at"))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("people", "0008_notices_in_the_app")]

    operations = [
        migrations.RunPython(take_as_read, migrations.RunPython.noop),
        ValidateConstraint(model_name="notice", name="people_notice_app_is_for_people"),
        AddIndexConcurrently(
            model_name="notice",
            index=models.Index(fields=["user", "created_at", "id"], name="people_notice_of_person"),
        ),
        AddIndexConcurrently(
            model_name="notice",
            index=models.Index(
                fields=["user", "created_at", "id"],
                name="people_notice_unread",
                condition=Q(read_at=None, over_at=None),
            ),
        ),
        AddIndexConcurrently(
            model_name="notice",
            index=models.Index(
                fields=["due_at"],
                name="people_notice_to_send",
                condition=Q(is_to_send=True, sent_at=None, given_up_at=None),
            ),
        ),
        RemoveIndexConcurrently(model_name="notice", name="people_notice_due"),
    ]
